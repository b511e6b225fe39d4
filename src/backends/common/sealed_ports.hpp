#pragma once

#include "backends/common/data_keys.hpp"

#include <a2akit/ports.hpp>

namespace a2akit::backends {

/// The same ports, which store what belongs to tasks encrypted (see SealedContent): messages,
/// artifacts, metadata, checkpoints, replies, push configurations, and the values of contexts. Ids,
/// states, times, owners and the reasons of dead letters stay readable.
///
/// A task whose contents cannot be decrypted is one whose contents cannot be read: its calls fail
/// as Storage says, a run of it counts as an attempt, and other tasks do not notice. Ports that are
/// null stay null; those that carry no contents stay as they are. REQUIRES: `storage` and `broker`
/// are there.
[[nodiscard]] Ports sealed_ports(Ports ports, DataKeys keys);

/// Makes sure that the storage's contents can be read with these keys (null: with none): it
/// remembers in a value that no caller can reach which storage has encrypted contents, and renews
/// that under the first key. kInvalidParams naming A2AKIT_DATA_KEYS when the keys are missing or
/// are other ones. REQUIRES: the ports are started, and not sealed.
[[nodiscard]] AsyncResult<void> check_data_keys(std::shared_ptr<ContextStore> contexts,
                                                std::shared_ptr<const DataKeys> keys);

}  // namespace a2akit::backends
