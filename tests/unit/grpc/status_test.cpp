#include "grpc/status.hpp"

#include "a2a_status.pb.h"
#include "wire/error_table.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace a2akit::rpc {
namespace {

/// How many bytes the trailers take, as clients count them: the message is percent-encoded, and the
/// details are base64.
std::size_t trailer_bytes(const ::grpc::Status& status) {
    std::size_t bytes = 0;
    for (const char c : status.error_message()) bytes += c >= ' ' && c <= '~' && c != '%' ? 1 : 3;
    return bytes + (status.error_details().size() + 2) / 3 * 4;
}

details::Status checked(const ::grpc::Status& status) {
    details::Status inside;
    EXPECT_TRUE(inside.ParseFromString(status.error_details()));
    EXPECT_EQ(inside.code(), status.error_code());
    EXPECT_EQ(inside.message(), status.error_message());
    EXPECT_LT(status.error_details().size(), 8192U);
    EXPECT_LT(trailer_bytes(status), 8000U);
    return inside;
}

Error error_with_everything(ErrorCode code, const std::string& text) {
    Error::Details details;
    details.retry_after = std::chrono::milliseconds(1500);
    for (int i = 0; i < 200; ++i) {
        details.metadata.emplace_back("key" + std::to_string(i), text);
        details.violations.push_back({"field" + std::to_string(i), text});
    }
    return Error{code, text, nullptr}.with(std::move(details));
}

TEST(Status, CodeAndMessageAreThoseOfTheDetailsForEachError) {
    for (const wire::ErrorRow& row : wire::kErrorTable) {
        const auto inside = checked(to_status({row.code, "the reason", nullptr}));
        ASSERT_GT(inside.details_size(), 0) << row.reason;
        details::ErrorInfo info;
        ASSERT_TRUE(info.ParseFromString(inside.details(0).value()));
        EXPECT_EQ(info.reason(), row.reason);
    }
}

TEST(Status, FitsIntoTheTrailersWhateverIsInTheError) {
    const std::string texts[] = {"", "x", std::string(5000, 'x'), std::string(5000, '%'),
                                 std::string(5000, '\n')};
    std::string umlauts;
    for (int i = 0; i < 3000; ++i) umlauts += "\xc3\xa4";
    for (const wire::ErrorRow& row : wire::kErrorTable) {
        for (const std::string& text : texts)
            checked(to_status(error_with_everything(row.code, text)));
        checked(to_status(error_with_everything(row.code, umlauts)));
    }
}

}  // namespace
}  // namespace a2akit::rpc
