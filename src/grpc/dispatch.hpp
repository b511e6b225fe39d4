#pragma once

#include "grpc/call.hpp"
#include "grpc/convert.hpp"
#include "grpc/convert_0_3.hpp"

#include <utility>

namespace a2akit::rpc {

/// How the calls of both versions read and write their messages.
struct Form {
    template <class Request>
    static void read(const Request& request, OperationParams& params, Violations& wrong) {
        rpc::read(request, params, wrong);
    }
    template <class From, class To>
    static void write(const From& from, To& to) {
        rpc::write(from, to);
    }
};

/// A service whose methods each become a call. `Generated` is the service that protoc has made,
/// `Event` what its streams consist of, and `kVersion` the version that it speaks.
template <class Generated, class Event, wire::Version kVersion>
class Dispatch : public Generated {
protected:
    using Context = ::grpc::CallbackServerContext;
    using Unary = ::grpc::ServerUnaryReactor;
    using Stream = ::grpc::ServerWriteReactor<Event>;

    /// REQUIRES: `door` outlives the service.
    explicit Dispatch(Door& door) noexcept : door_(door) {}

    // gRPC owns what is returned, until it has told it that the call is done.
    template <class Request, class Answer>
    Unary* unary(Operation operation, Context* context, const Request* request, Answer* answer) {
        auto* call = new UnaryCall<Answer, Form>(door_, *context, operation, kVersion, *answer);
        begin(*call, *request);
        return call;
    }
    template <class Request>
    Stream* stream(Operation operation, Context* context, const Request* request) {
        auto* call = new StreamCall<Event, Form>(door_, *context, operation, kVersion);
        begin(*call, *request);
        return call;
    }

private:
    template <class Request>
    static void begin(Call& call, const Request& request) {
        OperationParams params;
        Violations wrong;
        Form::read(request, params, wrong);
        call.begin(std::move(params), std::move(wrong), request.ByteSizeLong());
    }

    Door& door_;
};

}  // namespace a2akit::rpc
