#include <a2akit/core/request_context.hpp>

namespace a2akit {

std::string_view RequestContext::header(std::string_view lower_case_name) const noexcept {
    for (const auto& [name, value] : headers) {
        if (name == lower_case_name) return value;
    }
    return {};
}

std::string_view RequestContext::value(std::string_view name) const noexcept {
    const auto found = values.find(name);
    return found == values.end() ? std::string_view{} : std::string_view(found->second);
}

}  // namespace a2akit
