#include "push/target_policy.hpp"

#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <cstring>
#include <string>
#include <vector>

namespace a2akit::push {
namespace {

TargetPolicy policy_of(const TargetPolicyOptions& options = {}) {
    return TargetPolicy::make(options).value_or_throw();
}

bool refuses(const TargetPolicy& policy, const std::string& url) {
    return policy.refuse_url(url).has_value();
}

bool allows_address(const TargetPolicy& policy, const std::string& text) {
    sockaddr_storage storage{};
    auto& v6 = reinterpret_cast<sockaddr_in6&>(storage);
    auto& v4 = reinterpret_cast<sockaddr_in&>(storage);
    if (inet_pton(AF_INET6, text.c_str(), &v6.sin6_addr) == 1) {
        v6.sin6_family = AF_INET6;
    } else {
        v4.sin_family = AF_INET;
        EXPECT_EQ(inet_pton(AF_INET, text.c_str(), &v4.sin_addr), 1) << text;
    }
    return policy.allows(reinterpret_cast<const sockaddr&>(storage));
}

TEST(TargetPolicy, PublicAddressesAreAllowed) {
    const TargetPolicy policy = policy_of();
    for (const char* address :
         {"1.1.1.1",           "8.8.8.8",         "93.184.216.34",   "9.255.255.255",
          "11.0.0.0",          "100.63.255.255",  "100.128.0.0",     "126.255.255.255",
          "128.0.0.0",         "169.253.255.255", "169.255.0.0",     "172.15.255.255",
          "172.32.0.0",        "192.0.1.0",       "192.167.255.255", "192.169.0.0",
          "198.17.255.255",    "198.20.0.0",      "223.255.255.255", "2606:4700:4700::1111",
          "2a00:1450:4001::1", "2400::1"}) {
        EXPECT_TRUE(allows_address(policy, address)) << address;
    }
}

TEST(TargetPolicy, NoConnectionIsMadeToSpecialAddresses) {
    const TargetPolicy policy = policy_of();
    for (const char* address : {"0.0.0.0",
                                "0.1.2.3",
                                "10.0.0.1",
                                "10.255.255.255",
                                "100.64.0.1",
                                "100.127.255.255",
                                "127.0.0.1",
                                "127.0.0.2",
                                "127.255.255.255",
                                "169.254.0.1",
                                "169.254.169.254",
                                "172.16.0.1",
                                "172.31.255.255",
                                "192.0.0.1",
                                "192.0.2.1",
                                "192.88.99.1",
                                "192.168.0.1",
                                "192.168.255.255",
                                "198.18.0.1",
                                "198.19.255.255",
                                "198.51.100.1",
                                "203.0.113.1",
                                "224.0.0.1",
                                "239.255.255.255",
                                "240.0.0.1",
                                "255.255.255.254",
                                "255.255.255.255",
                                "::",
                                "::1",
                                "::127.0.0.1",
                                "::8.8.8.8",
                                "::ffff:127.0.0.1",
                                "::ffff:10.0.0.1",
                                "::ffff:169.254.169.254",
                                "::ffff:8.8.8.8",
                                "::ffff:0:127.0.0.1",
                                "64:ff9b::127.0.0.1",
                                "64:ff9b::8.8.8.8",
                                "64:ff9b:1::1",
                                "100::1",
                                "2001::1",
                                "2001:db8::1",
                                "2002:7f00:1::1",
                                "2002:a00:1::",
                                "3fff::1",
                                "fc00::1",
                                "fd00::1",
                                "fd12:3456::1",
                                "fe80::1",
                                "febf::1",
                                "fec0::1",
                                "ff02::1",
                                "ff05::2"}) {
        EXPECT_FALSE(allows_address(policy, address)) << address;
    }
}

TEST(TargetPolicy, AddressesOfOtherFamiliesAreRefused) {
    sockaddr_un socket{};
    socket.sun_family = AF_UNIX;
    EXPECT_FALSE(policy_of().allows(reinterpret_cast<const sockaddr&>(socket)));
}

TEST(TargetPolicy, OrdinaryUrlsAreAllowed) {
    const TargetPolicy policy = policy_of();
    for (const char* url :
         {"https://hooks.example.com/a2a", "https://hooks.example.com",
          "https://hooks.example.com:8443/a?b=c", "HTTPS://Hooks.Example.COM/", "https://8.8.8.8/",
          "https://[2606:4700:4700::1111]/x", "https://hooks.example.com./x",
          "https://xn--bcher-kva.example/", "https://a.b/%2F%41"}) {
        EXPECT_FALSE(policy.refuse_url(url)) << url << ": " << policy.refuse_url(url).value_or("");
    }
}

TEST(TargetPolicy, BypassAttemptsAreRefused) {
    const TargetPolicy policy = policy_of();
    const std::vector<std::string> urls = {
        // Not https.
        "http://hooks.example.com/", "http://8.8.8.8/", "ftp://hooks.example.com/",
        "file:///etc/passwd", "gopher://hooks.example.com/_x", "dict://hooks.example.com:11211/",
        "ldap://hooks.example.com/", "data:text/plain,x", "javascript:alert(1)", "ws://a.b/",
        "unix:/run/docker.sock", "https+unix://a/", "jar:https://a.b!/", "httpss://a.b/",
        // Not a URL.
        "", " ", "https://", "https:///path", "//hooks.example.com/", "hooks.example.com", "/admin",
        "https:/hooks.example.com", "https:hooks.example.com", "https://:443/",
        // Loopback in all its writings.
        "https://127.0.0.1/", "https://127.0.0.1:8443/x", "https://127.1/", "https://127.0.1/",
        "https://127.00.00.01/", "https://0177.0.0.1/", "https://0x7f.0.0.1/",
        "https://0x7f000001/", "https://2130706433/", "https://017700000001/", "https://0/",
        "https://0.0.0.0/", "https://0x0/", "https://00/", "https://127.127.127.127/",
        "https://127.0.0.1./", "https://localhost/", "https://LOCALHOST/", "https://localhost./",
        "https://localhost../", "https://foo.localhost/", "https://foo.localhost./",
        "https://localhost.localdomain/", "https://ip6-localhost/", "https://[::1]/",
        "https://[::1]:8443/", "https://[0:0:0:0:0:0:0:1]/", "https://[::]/",
        "https://[::127.0.0.1]/", "https://[::ffff:127.0.0.1]/", "https://[::ffff:7f00:1]/",
        "https://[0:0:0:0:0:ffff:127.0.0.1]/", "https://[::ffff:8.8.8.8]/",
        // Private, link-local, metadata services.
        "https://10.0.0.1/", "https://10.1/", "https://012.0.0.1/", "https://0xa.0.0.1/",
        "https://167772161/", "https://172.16.0.1/", "https://172.31.255.255/",
        "https://192.168.0.1/", "https://192.168.1/", "https://3232235521/", "https://0xc0a80001/",
        "https://169.254.169.254/latest/meta-data/", "https://169.254.169.254./",
        "https://0xa9fea9fe/", "https://2852039166/", "https://0251.0376.0251.0376/",
        "https://100.64.0.1/", "https://198.18.0.1/", "https://192.0.0.192/", "https://224.0.0.1/",
        "https://255.255.255.255/", "https://240.0.0.1/", "https://[fc00::1]/",
        "https://[fd00:ec2::254]/", "https://[fe80::1]/", "https://[ff02::1]/",
        "https://[64:ff9b::7f00:1]/", "https://[64:ff9b::a9fe:a9fe]/", "https://[64:ff9b:1::1]/",
        "https://[2002:7f00:1::]/", "https://[2002:a9fe:a9fe::]/", "https://[2001:db8::1]/",
        "https://[::ffff:0:127.0.0.1]/", "https://[fe80::1%25eth0]/", "https://[fe80::1%eth0]/",
        // Written so that two readers see two hosts.
        "https://user@hooks.example.com/", "https://user:password@hooks.example.com/",
        "https://hooks.example.com@127.0.0.1/", "https://127.0.0.1@hooks.example.com/",
        "https://hooks.example.com:x@127.0.0.1/", "https://@127.0.0.1/",
        "https://hooks.example.com\\@127.0.0.1/", "https://127.0.0.1\\.hooks.example.com/",
        "https:\\\\127.0.0.1\\", "https://hooks.example.com /", "https://hooks.example.com\t/",
        "https://hooks.example.com/\r\nX-Injected: 1", "https://hooks.example.com/\nHost: a",
        std::string("https://hooks.example.com/\0x", 28), "https://127.0.0.1%00.example.com/",
        "https://127.0.0.1%2f.example.com/", "https://%31%32%37.0.0.1/", "https://127%2e0%2e0%2e1/",
        "https://[127.0.0.1]/", "https://[::1/", "https://::1/", "https://1.2.3.4.5/",
        "https://256.256.256.256/", "https://999.1/", "https://hooks.example.com:0/",
        "https://hooks.example.com:65536/", "https://hooks.example.com:99999/",
        "https://hooks.example.com:-1/", "https://hooks.example.com:80:80/",
        "https://hooks.example.com:443x/",
        // Characters that are dots or digits to some.
        "https://127\xe3\x80\x82"
        "0\xe3\x80\x82"
        "0\xe3\x80\x82"
        "1/",
        "https://\xe2\x91\xa0\xe2\x91\xa1\xe2\x91\xa6.0.0.1/", "https://localhos\xef\xbd\x94/",
        "https://\xef\xbc\x91\xef\xbc\x92\xef\xbc\x97.0.0.1/"};
    EXPECT_GE(urls.size(), 100U);
    for (const std::string& url : urls) EXPECT_TRUE(refuses(policy, url)) << url;
}

TEST(TargetPolicy, HttpAloneOpensNoPrivateAddress) {
    TargetPolicyOptions options;
    options.allow_http = true;
    const TargetPolicy policy = policy_of(options);
    EXPECT_FALSE(refuses(policy, "http://hooks.example.com/"));
    EXPECT_TRUE(refuses(policy, "http://127.0.0.1/"));
    EXPECT_TRUE(refuses(policy, "http://localhost/"));
    EXPECT_FALSE(allows_address(policy, "127.0.0.1"));
}

TEST(TargetPolicy, AnAllowedNetworkIsOpenAndNothingBesideIt) {
    TargetPolicyOptions options;
    options.allow_networks = "127.0.0.0/8, fd00:1::/32";
    const TargetPolicy policy = policy_of(options);
    EXPECT_FALSE(refuses(policy, "https://127.0.0.1/"));
    EXPECT_FALSE(refuses(policy, "https://localhost/"));
    EXPECT_FALSE(refuses(policy, "https://[fd00:1::5]/"));
    EXPECT_TRUE(allows_address(policy, "127.1.2.3"));
    EXPECT_FALSE(allows_address(policy, "10.0.0.1"));
    EXPECT_FALSE(allows_address(policy, "fd00:2::5"));
    EXPECT_FALSE(allows_address(policy, "::1"));
    EXPECT_TRUE(refuses(policy, "http://127.0.0.1/"));
}

TEST(TargetPolicy, OnlyAllowedHostsMayBeNamed) {
    TargetPolicyOptions options;
    options.allow_hosts = "hooks.example.com, *.partner.example";
    const TargetPolicy policy = policy_of(options);
    EXPECT_FALSE(refuses(policy, "https://hooks.example.com/"));
    EXPECT_FALSE(refuses(policy, "https://HOOKS.example.com./"));
    EXPECT_FALSE(refuses(policy, "https://a.b.partner.example/"));
    EXPECT_TRUE(refuses(policy, "https://partner.example/"));
    EXPECT_TRUE(refuses(policy, "https://evilpartner.example/"));
    EXPECT_TRUE(refuses(policy, "https://hooks.example.com.evil.example/"));
    EXPECT_TRUE(refuses(policy, "https://8.8.8.8/"));
}

TEST(TargetPolicy, BlockedHostsWinOverAllowedOnes) {
    TargetPolicyOptions options;
    options.allow_hosts = "*.example.com";
    options.block_hosts = "internal.example.com";
    const TargetPolicy policy = policy_of(options);
    EXPECT_FALSE(refuses(policy, "https://hooks.example.com/"));
    EXPECT_TRUE(refuses(policy, "https://internal.example.com/"));
    EXPECT_TRUE(refuses(policy, "https://internal.example.com./"));
    EXPECT_TRUE(refuses(policy, "https://INTERNAL.example.com/"));
}

TEST(TargetPolicy, AnUnreadableSettingIsNamed) {
    for (const char* networks :
         {"10.0.0.0/33", "10.0.0", "fc00::/129", "x", "10.0.0.0/", "10.0.0.0/-1"}) {
        TargetPolicyOptions options;
        options.allow_networks = networks;
        const auto made = TargetPolicy::make(options);
        ASSERT_FALSE(made) << networks;
        EXPECT_NE(made.error().message.find("A2AKIT_PUSH_ALLOW_NETWORKS"), std::string::npos);
    }
    TargetPolicyOptions options;
    options.block_hosts = "https://x/";
    const auto made = TargetPolicy::make(options);
    ASSERT_FALSE(made);
    EXPECT_NE(made.error().message.find("A2AKIT_PUSH_BLOCK_HOSTS"), std::string::npos);
}

TEST(Network, HoldsTheAddressesOfItsPrefix) {
    const auto network = Network::parse("172.16.0.0/12");
    ASSERT_TRUE(network);
    EXPECT_TRUE(network->holds(*parse_address("172.31.255.255")));
    EXPECT_FALSE(network->holds(*parse_address("172.32.0.0")));
    EXPECT_TRUE(Network::parse("0.0.0.0/0")->holds(*parse_address("8.8.8.8")));
    EXPECT_FALSE(Network::parse("0.0.0.0/0")->holds(*parse_address("2400::1")));
    EXPECT_TRUE(Network::parse("10.1.2.3")->holds(*parse_address("10.1.2.3")));
}

}  // namespace
}  // namespace a2akit::push
