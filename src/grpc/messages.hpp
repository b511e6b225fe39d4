#pragma once

#include "grpc/convert.hpp"
#include "grpc/convert_0_3.hpp"
#include "grpc/method.hpp"

#include <google/protobuf/arena.h>

#include <grpcpp/support/proto_buffer_reader.h>
#include <grpcpp/support/slice.h>

#include <cstdint>

namespace a2akit::rpc {

/// How the messages of a method are read and written. `Answer`: of one reply, or of each event.
template <class Request, class Answer>
struct Messages {
    static bool read(::grpc::ByteBuffer& bytes, OperationParams& params, Violations& wrong) {
        google::protobuf::Arena arena;
        auto& request = *google::protobuf::Arena::CreateMessage<Request>(&arena);
        ::grpc::ProtoBufferReader reader(&bytes);
        if (!reader.status().ok() || !request.ParseFromZeroCopyStream(&reader)) return false;
        rpc::read(request, params, wrong);
        return true;
    }
    template <class From>
    static ::grpc::ByteBuffer write(const From& from) {
        google::protobuf::Arena arena;
        auto& answer = *google::protobuf::Arena::CreateMessage<Answer>(&arena);
        rpc::write(from, answer);
        ::grpc::Slice whole(answer.ByteSizeLong());
        answer.SerializeWithCachedSizesToArray(const_cast<std::uint8_t*>(whole.begin()));
        return {&whole, 1};
    }

    static constexpr Method answered_once(const char* path, Operation operation,
                                          wire::Version version) noexcept {
        return {path, operation, version, &read, &write<Reply>, nullptr};
    }
    static constexpr Method answered_by_events(const char* path, Operation operation,
                                               wire::Version version) noexcept {
        return {path, operation, version, &read, nullptr, &write<StreamResponse>};
    }
};

}  // namespace a2akit::rpc
