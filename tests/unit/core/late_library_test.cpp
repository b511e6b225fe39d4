#include "core/late_library.hpp"

#include <gmock/gmock.h>

#include <cmath>
#include <stdexcept>

namespace a2akit {
namespace {

using ::testing::HasSubstr;

TEST(LateLibrary, AFunctionIsFoundWhenItIsCalled) {
    LateLibrary library("libm.so.6", "libc6");
    const LateFunction<double(double)> cube_root(library, "cbrt");
    EXPECT_DOUBLE_EQ(cube_root(27.0), 3.0);
    EXPECT_DOUBLE_EQ(cube_root(8.0), 2.0);
}

TEST(LateLibrary, AMissingLibraryIsAnErrorThatNamesItAndItsPackage) {
    LateLibrary library("libnowhere.so.9", "libnowhere9");
    const auto loaded = library.load();
    ASSERT_FALSE(loaded);
    EXPECT_EQ(loaded.error().code, ErrorCode::kUnavailable);
    EXPECT_THAT(loaded.error().message, HasSubstr("libnowhere.so.9"));
    EXPECT_THAT(loaded.error().message, HasSubstr("the package libnowhere9"));
    EXPECT_THROW(library.find("cbrt"), std::runtime_error);
}

TEST(LateLibrary, AMissingFunctionIsAnErrorThatNamesIt) {
    LateLibrary library("libm.so.6", "libc6");
    const LateFunction<double(double)> missing(library, "no_such_function");
    try {
        missing(1.0);
        FAIL() << "a function was called that does not exist";
    } catch (const std::runtime_error& error) {
        EXPECT_THAT(error.what(), HasSubstr("no_such_function"));
    }
}

}  // namespace
}  // namespace a2akit
