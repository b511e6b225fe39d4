#pragma once

#include <a2akit/core/async.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <typeindex>
#include <utility>
#include <vector>

namespace a2akit {

/// A dependency with a life of its own: started before the server listens, stopped after it has
/// drained.
class Startable {
public:
    virtual ~Startable() = default;
    /// An exception stops the start of the server; what was started already is stopped again, in
    /// reverse.
    virtual Async<void> startup() { co_return; }
    virtual Async<void> shutdown() { co_return; }
};

/// The objects that handlers use from outside: database pools, models, settings; found by type or
/// by name.
///
/// Filled before the server starts, read-only from then on, and so safe from any thread. Startup
/// runs in the order of registration, shutdown in reverse.
class Dependencies {
public:
    /// Registers under T's type. A T that is Startable is started and stopped. Registering a second
    /// one of the same type throws std::invalid_argument.
    template <class T>
    void add(std::shared_ptr<T> value) {
        put({}, typeid(T), value, as_startable(value));
    }
    /// Registers under a name (and T's type, which `get(name)` has to ask for).
    template <class T>
    void add(std::string name, std::shared_ptr<T> value) {
        put(std::move(name), typeid(T), value, as_startable(value));
    }

    /// Throws Exception (kInternal, naming type or name) when it was not registered.
    template <class T>
    [[nodiscard]] T& get() const {
        return *static_cast<T*>(find({}, typeid(T)));
    }
    template <class T>
    [[nodiscard]] T& get(std::string_view name) const {
        return *static_cast<T*>(find(name, typeid(T)));
    }

    /// Called by the server.
    Async<void> startup();
    Async<void> shutdown();

private:
    struct Entry {
        std::string name;
        std::type_index type;
        std::shared_ptr<void> value;
        Startable* startable;
    };
    template <class T>
    static Startable* as_startable(const std::shared_ptr<T>& value) {
        if constexpr (std::is_base_of_v<Startable, T>)
            return value.get();
        else
            return nullptr;
    }
    void put(std::string name, std::type_index type, std::shared_ptr<void> value,
             Startable* startable);
    [[nodiscard]] void* find(std::string_view name, std::type_index type) const;

    std::vector<Entry> entries_;
    std::size_t started_ = 0;
};

}  // namespace a2akit
