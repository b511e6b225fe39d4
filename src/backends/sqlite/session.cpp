#include "backends/sqlite/session.hpp"

#include "backends/sqlite/task_reads.hpp"

#include <algorithm>
#include <utility>

namespace a2akit::sqlite {
namespace {

constexpr std::size_t kCachedOwners = 10'000;

std::string name_of(const OwnerScope& scope) {
    return std::to_string(scope.owner.size()) + ':' + scope.owner + scope.tenant;
}

}  // namespace

Timestamp EngineTime::now() {
    const Timestamp now = clock_->now();
    Timestamp latest = latest_.load();
    while (latest < now) {
        if (latest_.compare_exchange_weak(latest, now)) return now;
    }
    return latest;
}

// The time first: a transaction that begins after it was read stamps nothing earlier.
Timestamp EngineTime::settled() {
    const Timestamp time = now();
    return std::min(time, writing_since_.load());
}

Session::Session(std::unique_ptr<Connection> connection, EngineTime& time)
    : connection_(std::move(connection)), time_(time) {
    last_task_ = db().number_of("SELECT max(id) FROM tasks");
}

std::int64_t Session::find_owner(const OwnerScope& scope) {
    const std::string name = name_of(scope);
    if (const auto known = owner_ids_.find(name); known != owner_ids_.end()) return known->second;
    Query query = db().query("SELECT id FROM owners WHERE owner = ?1 AND tenant = ?2");
    if (!query.text(scope.owner).text(scope.tenant).step()) return 0;
    if (owner_ids_.size() >= kCachedOwners) owner_ids_.clear();
    return owner_ids_[name] = query.number();
}

std::int64_t Session::owner_id(const OwnerScope& scope) {
    if (const std::int64_t known = find_owner(scope)) return known;
    Query query = db().query("INSERT INTO owners(owner, tenant) VALUES(?1, ?2) RETURNING id");
    query.text(scope.owner).text(scope.tenant).step();
    const std::int64_t id = query.number();
    owner_ids_[name_of(scope)] = id;
    return id;
}

const OwnerScope& Session::owner(std::int64_t id) { return read_owner(db(), id); }

Node& Session::node(const NodeId& node) {
    if (const auto known = nodes_.find(node); known != nodes_.end()) return known->second;
    Query query = db().query(
        "INSERT INTO nodes(node, until) VALUES(?1, 0) ON CONFLICT DO UPDATE SET until = until "
        "RETURNING id, until");
    query.id(node).step();
    const std::int64_t id = query.number();
    return nodes_[node] = Node{id, node, Timestamp(Duration(query.number()))};
}

const Node* Session::node(std::int64_t id) {
    for (const auto& [name, node] : nodes_) {
        if (node.id == id) return &node;
    }
    Query query = db().query("SELECT node, until FROM nodes WHERE id = ?1");
    if (!query.number(id).step()) return nullptr;
    const auto name = query.id<NodeId>();
    return &(nodes_[name] = Node{id, name, Timestamp(Duration(query.number()))});
}

bool Session::has_pushes() {
    if (!has_pushes_) has_pushes_ = db().number_of("SELECT EXISTS(SELECT 1 FROM push)") != 0;
    return *has_pushes_;
}

void Session::count(std::int64_t owner, TaskState state, int change) {
    changes_.push_back({owner, static_cast<std::int64_t>(state), change});
}

std::int64_t Session::counted(TaskState state) {
    Query query = db().query("SELECT sum(tasks) FROM counts WHERE state = ?1");
    std::int64_t count = query.number(static_cast<std::int64_t>(state)).step() ? query.number() : 0;
    for (const Change& change : changes_) {
        if (change.state == static_cast<std::int64_t>(state)) count += change.by;
    }
    return count;
}

void Session::undo(const Mark& mark) {
    for (std::size_t i = mark.effects; i < effects_.size(); ++i) {
        if (!effects_[i].when_committed) effects_[i].run();
    }
    effects_.resize(mark.effects);
    changes_.resize(mark.changes);
    forget_cached();
}

void Session::write_counts() {
    const auto order = [](const Change& a, const Change& b) {
        return std::pair(a.owner, a.state) < std::pair(b.owner, b.state);
    };
    std::sort(changes_.begin(), changes_.end(), order);
    for (std::size_t at = 0; at < changes_.size();) {
        const Change& first = changes_[at];
        std::int64_t by = 0;
        for (; at < changes_.size() && !order(first, changes_[at]); ++at) by += changes_[at].by;
        if (by == 0) continue;
        db().query(
                "INSERT INTO counts VALUES(?1, ?2, ?3) ON CONFLICT DO UPDATE SET tasks = tasks + "
                "?3")
            .number(first.owner)
            .number(first.state)
            .number(by)
            .run();
    }
}

void Session::committed() {
    for (const Effect& effect : effects_) {
        if (effect.when_committed) effect.run();
    }
    effects_.clear();
    changes_.clear();
}

void Session::rolled_back() { undo({}); }

void Session::forget_cached() {
    owner_ids_.clear();
    db().owners().clear();
    nodes_.clear();
    rows_.clear();
    unfinished_.clear();
}

}  // namespace a2akit::sqlite
