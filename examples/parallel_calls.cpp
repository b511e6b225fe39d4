// Asks several sources at a time, gives each of them a time limit, and answers with JSON.

#include <a2akit/a2akit.hpp>

#include <chrono>
#include <optional>
#include <string>

using a2akit::Json;
using namespace std::chrono_literals;

/// Stands for a call of another service that takes its time.
a2akit::Async<int> price_at(std::string shop, std::string item) {
    const bool slow = shop == "slow";
    co_await a2akit::sleep(slow ? a2akit::Duration(1min) : a2akit::Duration(50ms));
    if (item == "nothing") throw std::runtime_error("there is no such item");
    co_return static_cast<int>(shop.size() * item.size());
}

/// Empty when the shop took longer than `limit`. The call that is given up ends before this
/// returns.
a2akit::Async<std::optional<int>> price_within(a2akit::Duration limit, std::string shop,
                                               std::string item) {
    const auto first = co_await a2akit::when_any(price_at(shop, item), a2akit::sleep(limit));
    if (first.index() == 1) co_return std::nullopt;
    co_return std::get<0>(first);
}

Json shown(std::optional<int> price) { return price ? Json(*price) : Json(nullptr); }

class PricesWorker final : public a2akit::Worker {
public:
    a2akit::Async<void> handle(a2akit::TaskContext& ctx) override {
        const std::string item(ctx.user_text());
        const auto [near, far, slow] = co_await a2akit::when_all(price_within(1s, "near", item),
                                                                 price_within(1s, "far away", item),
                                                                 price_within(200ms, "slow", item));
        co_await ctx.complete_json(Json::object(
            {{"item", item},
             {"prices",
              Json::object({{"near", shown(near)}, {"far", shown(far)}, {"slow", shown(slow)}})}}));
    }
};

int main() {
    return a2akit::Server({
                              .worker = std::make_shared<PricesWorker>(),
                              .card = {.name = "Prices",
                                       .description = "Compares the prices of an item.",
                                       .version = "0.1.0",
                                       .output_modes = {"application/json"}},
                          })
        .run();
}
