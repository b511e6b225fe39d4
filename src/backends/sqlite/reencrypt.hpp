#pragma once

#include "backends/common/data_keys.hpp"
#include "backends/common/reencryption.hpp"

#include <a2akit/core/result.hpp>

#include <string>

namespace a2akit::sqlite {

/// Encrypts all stored contents again under the first key, wherever another key of `keys` has
/// encrypted them; the process that holds the file may keep running, with the same first key. Can
/// be interrupted and repeated at any time. Blocks.
[[nodiscard]] Result<backends::Reencrypted> reencrypt(const std::string& path,
                                                      const backends::DataKeys& keys);

}  // namespace a2akit::sqlite
