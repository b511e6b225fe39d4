#pragma once

#include "wire/endpoint.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>
#include <string>
#include <utility>
#include <vector>

namespace a2akit::wire {

/// One request as `http` would hand it over.
struct TestRequest {
    std::string method = "GET";
    std::string target = "/";
    std::vector<std::pair<std::string, std::string>> headers = {};
    std::string body = {};
    Versions served = {};
    Resources resources = {};

    [[nodiscard]] RequestHead head() { return {method, target, &headers}; }
    [[nodiscard]] std::variant<Route, HttpResponse> routed(std::size_t max_body_bytes = 1U << 20U) {
        return route(head(), max_body_bytes, served, resources);
    }
    /// `route`, then `decode`; the refusal of either.
    [[nodiscard]] std::variant<Decoded, HttpResponse> decoded() {
        auto found = routed();
        if (auto* refused = std::get_if<HttpResponse>(&found)) return std::move(*refused);
        return decode(std::get<Route>(found), head(), body);
    }
    /// REQUIRES: it is one call.
    [[nodiscard]] Call call() {
        auto outcome = decoded();
        if (auto* refused = std::get_if<HttpResponse>(&outcome)) {
            ADD_FAILURE() << method << ' ' << target << " was refused: " << refused->status << ' '
                          << refused->body;
            return {};
        }
        auto& entries = std::get<Decoded>(outcome).entries;
        if (entries.size() != 1 || !std::holds_alternative<Call>(entries[0])) {
            ADD_FAILURE() << "not one call";
            return {};
        }
        return std::move(std::get<Call>(entries[0]));
    }
    /// REQUIRES: it is refused.
    [[nodiscard]] HttpResponse refusal() {
        auto outcome = decoded();
        if (auto* refused = std::get_if<HttpResponse>(&outcome)) return std::move(*refused);
        ADD_FAILURE() << method << ' ' << target << " was not refused";
        return {};
    }
};

inline TestRequest rpc(std::string body) {
    return {"POST", "/", {{"content-type", "application/json"}}, std::move(body), {}};
}
inline TestRequest post(std::string target, std::string body) {
    return {"POST",
            std::move(target),
            {{"content-type", "application/json"}, {"content-length", std::to_string(body.size())}},
            body,
            {}};
}
inline TestRequest get(std::string target) { return {"GET", std::move(target)}; }
/// "none": without the header.
inline TestRequest with_version(TestRequest request, const std::string& version) {
    if (version != "none") request.headers.emplace_back("a2a-version", version);
    return request;
}

/// With every ErrorInfo timestamp replaced, so that answers can be compared.
inline std::string without_time(const std::string& body) {
    static const std::regex kTime("\"timestamp\":\"[0-9T:.-]+Z\"");
    return std::regex_replace(body, kTime, "\"timestamp\":\"NOW\"");
}

/// The header of an answer; empty: none.
inline std::string header(const HttpResponse& response, std::string_view name) {
    for (const auto& [key, value] : response.headers) {
        if (key == name) return value;
    }
    return {};
}

inline HandledRequest handled(Reply reply) { return {std::move(reply), {}}; }
inline HandledRequest handled(Error error) { return {Result<Reply>(std::move(error)), {}}; }

}  // namespace a2akit::wire
