#include "integration/server_fixture.hpp"

#include <set>
#include <string>
#include <tuple>
#include <vector>

namespace a2akit {
namespace {

using test_support::HttpClient;
using test_support::test_options;

TEST_F(ServerTest, TheCardIsServedWithValidators) {
    start();
    HttpClient client(server->port());
    const auto card = client.exchange("GET", "/.well-known/agent-card.json");
    EXPECT_EQ(card.status, 200);
    EXPECT_NE(card.body.find("\"url\":\"" + server->url() + "/\""), std::string::npos) << card.body;
    EXPECT_FALSE(card.header("last-modified").empty());
    EXPECT_FALSE(card.header("cache-control").empty());
    const auto again = client.exchange("GET", "/.well-known/agent-card.json", {},
                                       "If-None-Match: " + card.header("etag") + "\r\n");
    EXPECT_EQ(again.status, 304);
    EXPECT_EQ(again.header("etag"), card.header("etag"));
}

/// The card at `path` for who names `version`; empty: none.
HttpClient::Response card_for(std::uint16_t port, const std::string& path,
                              const std::string& version) {
    HttpClient client(port);
    std::string bytes = "GET " + path + " HTTP/1.1\r\nHost: localhost\r\n";
    if (!version.empty()) bytes += "A2A-Version: " + version + "\r\n";
    client.send(bytes + "\r\n");
    return client.response();
}

TEST_F(ServerTest, TheCardHasAFormForEachVersionAndOneForWhoNamesNone) {
    const std::string path = "/.well-known/agent-card.json";
    const auto has_10 = [](const auto& card) {
        return card.body.find("\"supportedInterfaces\"") != std::string::npos;
    };
    const auto has_03 = [](const auto& card) {
        return card.body.find("\"preferredTransport\"") != std::string::npos;
    };
    start();
    std::set<std::string> etags;
    for (const auto& [version, in_10, in_03] :
         std::vector<std::tuple<std::string, bool, bool>>{{"1.0", true, false},
                                                          {"0.3", false, true},
                                                          {"0.3.0", false, true},
                                                          {"", true, true},
                                                          {"9", true, true}}) {
        const auto card = card_for(server->port(), path, version);
        EXPECT_EQ(has_10(card), in_10) << version << card.body;
        EXPECT_EQ(has_03(card), in_03) << version << card.body;
        EXPECT_EQ(card.header("vary"), "A2A-Version");
        etags.insert(card.header("etag"));
        EXPECT_EQ(card_for(server->port(), "/.well-known/agent.json", version).body, card.body);
        EXPECT_EQ(card_for(server->port(), path + "?A2A-Version=" + version, "").body, card.body);
    }
    EXPECT_EQ(etags.size(), 3U);
    for (const auto& [versions, without, in_10, in_03] :
         std::vector<std::tuple<std::string, std::string, bool, bool>>{
             {"0.3,1.0", "1.0", true, false},
             {"0.3,1.0", "0.3", false, true},
             {"1.0", "", true, false},
             {"0.3", "", false, true}}) {
        ServerOptions options = test_options(agent);
        options.settings.versions = versions;
        if (!without.empty()) options.settings.card_without_version = without;
        start(std::move(options));
        const auto card = card_for(server->port(), path, "");
        EXPECT_EQ(has_10(card), in_10) << versions << without << card.body;
        EXPECT_EQ(has_03(card), in_03) << versions << without << card.body;
        const bool names_other =
            card.body.find(versions == "1.0" ? "0.3" : "\"1.0\"") != std::string::npos;
        EXPECT_FALSE(versions.size() == 3 && names_other) << card.body;
    }
}

TEST_F(ServerTest, AVersionThatIsSwitchedOffIsRefused) {
    const std::string body =
        R"({"jsonrpc":"2.0","id":1,"method":"tasks/get","params":{"id":"none"}})";
    const std::string head =
        "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: " +
        std::to_string(body.size()) + "\r\n\r\n" + body;
    for (const auto& [versions, number] :
         {std::pair("0.3,1.0", "-32001"), std::pair("1.0", "-32009")}) {
        ServerOptions options = test_options(agent);
        options.settings.versions = versions;
        start(std::move(options));
        HttpClient client(server->port());
        client.send(head);
        EXPECT_NE(client.response().body.find(number), std::string::npos) << versions;
    }
    ServerOptions options = test_options(agent);
    options.settings.versions = "0.3";
    start(std::move(options));
    HttpClient client(server->port());
    EXPECT_NE(client.exchange("GET", "/tasks/none").body.find("VERSION_NOT_SUPPORTED"),
              std::string::npos);
}

TEST_F(ServerTest, ForwardedHeadersCountOnlyFromATrustedProxy) {
    for (const auto& [trusted, proto] :
         {std::pair(false, "https"), std::pair(true, "https"), std::pair(true, "HTTPS")}) {
        const std::string forwarded =
            std::string("X-Forwarded-Proto: ") + proto + "\r\nX-Forwarded-Host: agents.example\r\n";
        ServerOptions options = test_options(agent);
        options.settings.trust_forwarded = trusted;
        options.settings.base_path = "/a";
        start(std::move(options));
        HttpClient client(server->port());
        const auto card = client.exchange("GET", "/a/.well-known/agent-card.json", {}, forwarded);
        EXPECT_EQ(card.body.find("https://agents.example/a/") != std::string::npos, trusted)
            << card.body;
    }
}

TEST_F(ServerTest, TheCardNamesWhatATrustedProxySaysOfItsClientsAddress) {
    ServerOptions options = test_options(agent);
    options.settings.trust_forwarded = true;
    options.settings.base_path = "/a";
    start(std::move(options));
    HttpClient client(server->port());
    const std::string own = server->url();
    const std::string host = "localhost";  // as the client names it
    for (const auto& [forwarded, url] : std::vector<std::pair<std::string, std::string>>{
             {"X-Forwarded-Proto: https\r\n", "https://" + host + ":8443/a/"},
             {"X-Forwarded-Host: agents.example\r\n", "http://agents.example:8443/a/"},
             {"X-Forwarded-Host: agents.example:9\r\nX-Forwarded-Proto: https\r\n",
              "https://agents.example:9/a/"},
             {"X-Forwarded-Host: [::1]\r\n", "http://[::1]:8443/a/"},
             {"X-Forwarded-Prefix: /some/where/\r\nX-Forwarded-Host: agents.example\r\n",
              "http://agents.example:8443/some/where/a/"},
             {"X-Forwarded-Prefix: /../x\r\nX-Forwarded-Host: agents.example\r\n",
              "http://agents.example:8443/a/"},
             {"X-Forwarded-Host: agents.example\r\nForwarded: host=evil.example\r\n",
              "http://agents.example:8443/a/"}}) {
        const auto card = client.exchange("GET", "/a/.well-known/agent-card.json", {},
                                          forwarded + "X-Forwarded-Port: 8443\r\n");
        EXPECT_NE(card.body.find("\"url\":\"" + url + '"'), std::string::npos)
            << forwarded << card.body;
        EXPECT_NE(card.header("vary").find("Forwarded"), std::string::npos);
    }
    for (const auto& [forwarded, url] : std::vector<std::pair<std::string, std::string>>{
             {"X-Forwarded-Proto: https\r\n", "https://" + host + "/a/"},
             {"X-Forwarded-Proto: https\r\nX-Forwarded-Port: 443\r\n", "https://" + host + "/a/"},
             {"X-Forwarded-Port: 70000\r\n", own + "/"},
             {"X-Forwarded-Proto: gopher\r\n", own + "/"},
             {"Forwarded: for=1.2.3.4;proto=https;host=\"agents.example:8443\", host=inner\r\n",
              "https://agents.example:8443/a/"},
             {"Forwarded: Host=agents.example ; Proto=https\r\n", "https://agents.example/a/"},
             {"Forwarded: host=\"a\\\"b\"\r\n", own + "/"},
             {"Forwarded: nonsense\r\n", own + "/"},
             {"Forwarded: host=\"\r\n", own + "/"}}) {
        const auto card = client.exchange("GET", "/a/.well-known/agent-card.json", {}, forwarded);
        EXPECT_NE(card.body.find("\"url\":\"" + url + '"'), std::string::npos)
            << forwarded << card.body;
    }
}

TEST_F(ServerTest, APublicUrlStaysWhereAProxyNamesNoHost) {
    ServerOptions options = test_options(agent);
    options.settings.trust_forwarded = true;
    options.settings.public_url = "https://agents.example/x";
    start(std::move(options));
    HttpClient client(server->port());
    const auto card =
        client.exchange("GET", "/.well-known/agent-card.json", {}, "X-Forwarded-Proto: http\r\n");
    EXPECT_NE(card.body.find("\"url\":\"https://agents.example/x/\""), std::string::npos)
        << card.body;
}

TEST_F(ServerTest, UnderABasePathTheCardIsAtTheRootWhereItIsWanted) {
    for (const bool wanted : {false, true}) {
        ServerOptions options = test_options(agent);
        options.settings.base_path = "/a";
        options.settings.card_at_root = wanted;
        start(std::move(options));
        HttpClient client(server->port());
        const auto card = client.exchange("GET", "/.well-known/agent-card.json");
        EXPECT_EQ(card.status, wanted ? 200 : 404);
        EXPECT_EQ(card.body.find("\"url\":\"" + server->url() + "/\"") != std::string::npos, wanted)
            << card.body;
        EXPECT_EQ(client.exchange("GET", "/a/.well-known/agent-card.json").status, 200);
        EXPECT_EQ(client.exchange("GET", "/health").status, 404) << "nothing else is";
    }
}

TEST_F(ServerTest, AForwardedHostThatIsNoneIsIgnored) {
    ServerOptions options = test_options(agent);
    options.settings.trust_forwarded = true;
    start(std::move(options));
    HttpClient client(server->port());
    const auto card =
        client.exchange("GET", "/.well-known/agent-card.json", {}, "X-Forwarded-Host: a\"b\r\n");
    EXPECT_NE(card.body.find("\"url\":\"" + server->url() + "/\""), std::string::npos) << card.body;
}

}  // namespace
}  // namespace a2akit
