#include "integration/server_fixture.hpp"
#include "support/http_client.hpp"

#include <dlfcn.h>

namespace a2akit {
namespace {

using test_support::HttpClient;
using test_support::send_body;

bool is_loaded(const char* library) {
    return ::dlopen(library, RTLD_LAZY | RTLD_NOLOAD) != nullptr;
}

// Each brings some twenty libraries along, and a third of the work of starting.
TEST_F(ServerTest, AServerOnMemoryAnswersWithoutLoadingLibcurlAndLibpq) {
    start();
    HttpClient client(server->port());
    EXPECT_EQ(client.exchange("POST", "/message:send", send_body("hi")).status, 200);
    EXPECT_FALSE(is_loaded("libcurl.so.4"));
    EXPECT_FALSE(is_loaded("libpq.so.5"));
    EXPECT_TRUE(is_loaded("libc.so.6"));
}

}  // namespace
}  // namespace a2akit
