/// gzip files, with a limit on what they may become.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace toolrack::seo {

bool is_gzip(std::string_view bytes) noexcept;

struct Unpacked {
  std::string bytes;
  bool is_cut = false;  ///< There would be more than `max_bytes`.
  std::string error;    ///< What is wrong with the data; `bytes` is what came before.
};

/// All members of a gzip file, one after another, as gunzip does.
Unpacked gunzip(std::string_view packed, std::size_t max_bytes);

}  // namespace toolrack::seo
