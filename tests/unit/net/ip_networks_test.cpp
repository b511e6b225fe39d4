#include "net/ip_networks.hpp"

#include <gtest/gtest.h>

namespace a2akit::net {
namespace {

bool contains(const IpNetworks& networks, std::string_view address) {
    return networks.contains(*IpAddress::parse(address));
}

TEST(IpNetworks, ContainTheAddressesOfTheirPrefixes) {
    const auto networks = IpNetworks::parse("10.0.0.0/8, 192.168.1.7,fd00::/9 , 172.16.0.0/12");
    ASSERT_TRUE(networks);
    for (const char* inside : {"10.0.0.0", "10.255.255.255", "192.168.1.7", "fd00::1",
                               "fd7f::", "172.31.255.255", "::ffff:10.1.2.3", "fd00::1%eth0"}) {
        EXPECT_TRUE(contains(*networks, inside)) << inside;
    }
    for (const char* outside : {"11.0.0.0", "9.255.255.255", "192.168.1.8", "fd80::", "172.32.0.0",
                                "::10.1.2.3", "::1", "127.0.0.1"}) {
        EXPECT_FALSE(contains(*networks, outside)) << outside;
    }
}

TEST(IpNetworks, AMappedNetworkIsThatOfIpv4) {
    const auto networks = IpNetworks::parse("::ffff:10.0.0.0/104");
    ASSERT_TRUE(networks);
    EXPECT_TRUE(contains(*networks, "10.9.9.9"));
    EXPECT_FALSE(contains(*networks, "11.0.0.0"));
}

TEST(IpNetworks, ALengthOfZeroIsEveryAddressOfThatFamily) {
    const auto v4 = IpNetworks::parse("0.0.0.0/0");
    ASSERT_TRUE(v4);
    EXPECT_TRUE(contains(*v4, "203.0.113.9"));
    EXPECT_FALSE(contains(*v4, "2001:db8::1"));
    const auto all = IpNetworks::parse("::/0");
    ASSERT_TRUE(all);
    EXPECT_TRUE(contains(*all, "2001:db8::1"));
}

TEST(IpNetworks, AnEntryThatIsNotANetworkIsNamed) {
    for (const char* wrong : {"10.0.0.0/33", "10.0.0/8", "localhost", "10.0.0.0/", "10.0.0.0/8x",
                              "fd00::/129", "10.0.0.0/-1", "010.0.0.1"}) {
        const auto networks = IpNetworks::parse(std::string("127.0.0.1,") + wrong);
        ASSERT_FALSE(networks) << wrong;
        EXPECT_NE(networks.error().message.find(wrong), std::string::npos);
    }
    EXPECT_TRUE(IpNetworks::parse("")->empty());
}

TEST(IpAddress, AnOwnerHasOneIpv4AddressOr64BitsOfIpv6) {
    EXPECT_NE(IpAddress::parse("10.0.0.1")->owner(), IpAddress::parse("10.0.0.2")->owner());
    EXPECT_EQ(IpAddress::parse("2001:db8::1")->owner(),
              IpAddress::parse("2001:db8::ffff")->owner());
    EXPECT_NE(IpAddress::parse("2001:db8::1")->owner(),
              IpAddress::parse("2001:db8:0:1::1")->owner());
}

}  // namespace
}  // namespace a2akit::net
