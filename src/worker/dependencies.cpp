#include <a2akit/worker/dependencies.hpp>

#include "core/log.hpp"
#include "core/log_text.hpp"

#include <a2akit/core/error.hpp>

#include <cxxabi.h>
#include <fmt/format.h>

#include <cstdlib>
#include <stdexcept>

namespace a2akit {
namespace {

std::string readable(std::type_index type) {
    int status = 0;
    const std::unique_ptr<char, void (*)(void*)> name(
        abi::__cxa_demangle(type.name(), nullptr, nullptr, &status), std::free);
    return status == 0 ? name.get() : type.name();
}

std::string describe(std::string_view name, std::type_index type) {
    if (name.empty()) return fmt::format("of type {}", readable(type));
    return fmt::format("named \"{}\" of type {}", name, readable(type));
}

// A shutdown that fails must not prevent the others.
Async<void> shut_down(Startable& startable, std::string what) {
    try {
        co_await startable.shutdown();
    } catch (const std::exception& e) {
        log::error("a dependency failed to shut down dependency={} error={}", quoted(what),
                   quoted(e.what()));
    } catch (...) {
        log::error("a dependency failed to shut down dependency={} error={}", quoted(what),
                   quoted("an exception that is not derived from std::exception"));
    }
}

}  // namespace

void Dependencies::put(std::string name, std::type_index type, std::shared_ptr<void> value,
                       Startable* startable) {
    if (!value)
        throw std::invalid_argument(fmt::format("the dependency {} is null", describe(name, type)));
    for (const Entry& entry : entries_) {
        const bool same_place =
            name.empty() ? entry.name.empty() && entry.type == type : entry.name == name;
        if (!same_place) continue;
        throw std::invalid_argument(
            fmt::format("a dependency {} is registered already", describe(entry.name, entry.type)));
    }
    entries_.push_back({std::move(name), type, std::move(value), startable});
}

void* Dependencies::find(std::string_view name, std::type_index type) const {
    for (const Entry& entry : entries_) {
        if (entry.name == name && entry.type == type) return entry.value.get();
    }
    throw Exception(Error{ErrorCode::kInternal,
                          fmt::format("no dependency {} is registered", describe(name, type)),
                          nullptr});
}

Async<void> Dependencies::startup() {
    std::exception_ptr failed;
    while (started_ < entries_.size() && !failed) {
        try {
            if (entries_[started_].startable != nullptr)
                co_await entries_[started_].startable->startup();
            ++started_;
        } catch (...) {
            failed = std::current_exception();
        }
    }
    if (!failed) co_return;
    co_await shutdown();
    std::rethrow_exception(failed);
}

Async<void> Dependencies::shutdown() {
    while (started_ > 0) {
        Entry& entry = entries_[--started_];
        if (entry.startable != nullptr)
            co_await shut_down(*entry.startable, describe(entry.name, entry.type));
    }
}

}  // namespace a2akit
