// Takes JSON and gives JSON back, read with nlohmann::json. An artifact can have several parts: here the data, and a
// sentence for people.

#include <a2akit/a2akit.hpp>
#include <a2akit/json/nlohmann.hpp>

#include <string>

class InvoiceWorker final : public a2akit::Worker {
public:
    a2akit::Async<void> handle(a2akit::TaskContext& ctx) override {
        const auto data = ctx.data_parts();
        if (data.empty()) {
            co_await ctx.request_input(R"(Send a data part such as {"lines": [{"price": 3, "count": 2}]}.)");
            co_return;
        }
        const nlohmann::json order = a2akit::to_nlohmann(data.front());
        double total = 0;
        for (const auto& line : order.at("lines")) {
            total += line.at("price").get<double>() * line.value("count", 1);
        }
        const nlohmann::json invoice = {{"total", total}, {"currency", "EUR"}};
        co_await ctx.emit_artifact(
            a2akit::EmitArtifact::of_parts({a2akit::Part::from_data(invoice),
                                            a2akit::Part::from_text("The total is " + invoice["total"].dump() + " EUR.")})
                .as("invoice")
                .named("Invoice"));
        co_await ctx.complete();
    }
};

int main() {
    return a2akit::Server({
        .worker = std::make_shared<InvoiceWorker>(),
        .card = {.name = "Invoices",
                 .description = "Adds up the lines of an invoice.",
                 .version = "0.1.0",
                 .input_modes = {"application/json", "text/plain"},
                 .output_modes = {"application/json", "text/plain"}},
    }).run();
}
