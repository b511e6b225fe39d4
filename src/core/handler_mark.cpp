#include "core/handler_mark.hpp"

namespace a2akit {
namespace {

thread_local HandlerMark* current_mark = nullptr;

}  // namespace

HandlerMark* HandlerMark::current() noexcept { return current_mark; }
void HandlerMark::set_current(HandlerMark* mark) noexcept { current_mark = mark; }

}  // namespace a2akit
