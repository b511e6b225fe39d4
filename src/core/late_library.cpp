#include "core/late_library.hpp"

#include <dlfcn.h>
#include <fmt/format.h>

#include <stdexcept>

namespace a2akit {

Result<void> LateLibrary::load() {
    const std::lock_guard lock(mutex_);
    if (handle_ != nullptr) return {};
    handle_ = ::dlopen(file_, RTLD_LAZY | RTLD_LOCAL);
    if (handle_ != nullptr) return {};
    const char* const reason = ::dlerror();
    return fail(ErrorCode::kUnavailable,
                fmt::format("the library {} cannot be loaded ({}); Debian has it in the package {}",
                            file_, reason != nullptr ? reason : "for no known reason", package_));
}

void* LateLibrary::find(const char* function) {
    if (const Result<void> loaded = load(); !loaded)
        throw std::runtime_error(loaded.error().message);
    void* const found = ::dlsym(handle_, function);
    if (found == nullptr)
        throw std::runtime_error(fmt::format("the library {} does not have {}", file_, function));
    return found;
}

}  // namespace a2akit
