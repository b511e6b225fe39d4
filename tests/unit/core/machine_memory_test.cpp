#include "core/machine_memory.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include <unistd.h>

namespace a2akit {
namespace {

namespace fs = std::filesystem;

/// A root directory with just the files that are asked for.
class MachineMemoryTest : public ::testing::Test {
protected:
    MachineMemoryTest() {
        std::string name = fs::temp_directory_path() / "a2akit-memory-XXXXXX";
        root = mkdtemp(name.data());
    }
    ~MachineMemoryTest() override { fs::remove_all(root); }

    void write(const std::string& path, const std::string& text) const {
        fs::create_directories(fs::path(root + path).parent_path());
        std::ofstream(root + path) << text;
    }
    [[nodiscard]] std::uint64_t bytes() const { return machine_memory_bytes(root); }

    std::string root;
};

TEST_F(MachineMemoryTest, IsOneGibibyteWhenNothingIsKnown) {
    EXPECT_EQ(bytes(), std::uint64_t{1} << 30U);
}

TEST_F(MachineMemoryTest, IsTheMachinesWithoutALimit) {
    write("/proc/meminfo", "MemFree:  1 kB\nMemTotal:       2048 kB\n");
    write("/proc/self/cgroup", "0::/app\n");
    write("/sys/fs/cgroup/app/memory.max", "max\n");
    EXPECT_EQ(bytes(), 2048U * 1024);
}

TEST_F(MachineMemoryTest, IsTheLeastLimitOfTheGroupsAround) {
    write("/proc/meminfo", "MemTotal: 2048 kB\n");
    write("/proc/self/cgroup", "0::/outer/inner\n");
    write("/sys/fs/cgroup/outer/inner/memory.max", "900000\n");
    write("/sys/fs/cgroup/outer/memory.max", "700000\n");
    EXPECT_EQ(bytes(), 700000U);
}

TEST_F(MachineMemoryTest, KnowsTheFirstVersionOfControlGroups) {
    write("/proc/meminfo", "MemTotal: 2048 kB\n");
    write("/proc/self/cgroup", "5:cpu,cpuacct:/a\n4:hugetlb,memory:/a\n0::/\n");
    write("/sys/fs/cgroup/memory/a/memory.limit_in_bytes", "500000\n");
    write("/sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
    EXPECT_EQ(bytes(), 500000U);
}

TEST_F(MachineMemoryTest, FindsAContainersLimitThoughItsPathIsTheHosts) {
    write("/proc/meminfo", "MemTotal: 2048 kB\n");
    write("/proc/self/cgroup", "0::/docker/0123456789\n");
    write("/sys/fs/cgroup/memory.max", "600000\n");
    EXPECT_EQ(bytes(), 600000U);
}

TEST_F(MachineMemoryTest, ReadsThisMachine) { EXPECT_GT(machine_memory_bytes(), 1U << 20U); }

}  // namespace
}  // namespace a2akit
