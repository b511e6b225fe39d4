#include "wire/codec.hpp"

#include "wire/chat/codec.hpp"
#include "wire/v0_3/codec.hpp"
#include "wire/v1_0/codec.hpp"

namespace a2akit::wire {

const Codec& codec(Version version) noexcept {
    if (version == Version::kChat) return chat::codec();
    return version == Version::k1_0 ? v1_0::codec() : v0_3::codec();
}

}  // namespace a2akit::wire
