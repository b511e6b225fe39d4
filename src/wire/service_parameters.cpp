#include "wire/service_parameters.hpp"

#include "wire/uri.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>

namespace a2akit::wire {
namespace {

constexpr std::size_t kMaxExtensions = 100;
constexpr std::size_t kMaxIdempotencyKeyBytes = 255;

bool is_printable(std::string_view text) noexcept {
    return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c <= 0x7e; });
}

Result<void> add_extensions(std::string_view list, std::vector<std::string>& extensions) {
    while (!list.empty()) {
        const std::string_view uri = trim(take_until(list, ','));
        if (uri.empty() || std::find(extensions.begin(), extensions.end(), uri) != extensions.end())
            continue;
        if (!is_printable(uri) || extensions.size() == kMaxExtensions) {
            return fail(Error::invalid_field("A2A-Extensions", "must be at most " +
                                                                   std::to_string(kMaxExtensions) +
                                                                   " URIs, separated by commas"));
        }
        extensions.emplace_back(uri);
    }
    return {};
}

Result<void> read_header(std::string_view name, const std::string& value,
                         ServiceParameters& parameters) {
    if (name == "a2a-extensions" || name == "x-a2a-extensions")
        return add_extensions(value, parameters.extensions);
    if (name == "idempotency-key") {
        if (value.size() > kMaxIdempotencyKeyBytes || !is_printable(value)) {
            return fail(Error::invalid_field(
                "Idempotency-Key", "must be at most " + std::to_string(kMaxIdempotencyKeyBytes) +
                                       " printable ASCII characters"));
        }
        if (!parameters.idempotency_key.empty() && parameters.idempotency_key != value) {
            return fail(Error::invalid_field("Idempotency-Key", "must be sent once"));
        }
        parameters.idempotency_key = value;
    } else if (name == "last-event-id") {
        parameters.last_event_id = value;
    }
    return {};
}

}  // namespace

Result<ServiceParameters> read_service_parameters(const RequestHead& head, std::string_view query) {
    ServiceParameters parameters;
    if (head.headers != nullptr) {
        for (const auto& [name, value] : *head.headers) {
            if (name.size() < sizeof("last-event-id") - 1) continue;  // shorter than each of them
            auto read = read_header(name, value, parameters);
            if (!read) return fail(std::move(read.error()));
        }
    }
    if (!query.empty()) {
        auto added = add_extensions(query_value(query, "A2A-Extensions"), parameters.extensions);
        if (!added) return fail(std::move(added.error()));
    }
    return parameters;
}

Result<void> apply(const ServiceParameters& parameters, RequestEnvelope& envelope) {
    if (envelope.operation == Operation::kSubscribeToTask && !parameters.last_event_id.empty()) {
        const std::string& text = parameters.last_event_id;
        Sequence id = 0;
        const auto parsed = std::from_chars(text.data(), text.data() + text.size(), id);
        if (parsed.ec != std::errc{} || parsed.ptr != text.data() + text.size()) {
            return fail(Error::invalid_field(
                "Last-Event-ID", "must be the id of an event of this stream, a number"));
        }
        envelope.last_event_id = id;
    }
    envelope.extensions = parameters.extensions;
    envelope.idempotency_key = parameters.idempotency_key;
    return {};
}

}  // namespace a2akit::wire
