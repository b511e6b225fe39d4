#pragma once

#include <a2akit/core/async.hpp>
#include <a2akit/core/loop.hpp>

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace a2akit::postgres {

/// Looks up host names beside the loop: libpq would hold it up while the name service keeps silent,
/// and with it every request that waits to be told that the database is away.
///
/// Concurrent requests for a name share one look-up. Belongs to one loop.
class PgLookups {
public:
    /// The addresses of a name, at least one. An address, or the path of a socket, stands for
    /// itself. kUnavailable when there is none, or the name service has not answered by the
    /// deadline.
    AsyncResult<std::vector<std::string>> addresses(std::string host, SteadyTime deadline);

private:
    struct Lookup;
    std::map<std::string, std::shared_ptr<Lookup>> under_way_;
};

}  // namespace a2akit::postgres
