#include "grpc/service.hpp"

#include <grpcpp/impl/codegen/server_callback_handlers.h>
#include <grpcpp/impl/rpc_service_method.h>

namespace a2akit::rpc {
namespace {

class Service final : public ::grpc::Service {
public:
    Service(Door& door, std::span<const Method> methods) {
        using ::grpc::internal::RpcMethod;
        using Handler =
            ::grpc::internal::CallbackBidiHandler<::grpc::ByteBuffer, ::grpc::ByteBuffer>;
        int index = 0;
        for (const Method& method : methods) {
            // gRPC takes both objects.
            AddMethod(new ::grpc::internal::RpcServiceMethod(method.path, RpcMethod::BIDI_STREAMING,
                                                             nullptr));
            MarkMethodRawCallback(
                index++, new Handler([&door, &method](::grpc::CallbackServerContext* context) {
                    return Call::begin(door, *context, method);
                }));
        }
    }
};

}  // namespace

std::unique_ptr<::grpc::Service> make_service(Door& door, std::span<const Method> methods) {
    return std::make_unique<Service>(door, methods);
}

}  // namespace a2akit::rpc
