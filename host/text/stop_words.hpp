/// English words that say nothing about a subject.
#pragma once

#include <string_view>

namespace toolrack::text {

/// In any case of letters: "the", "How". Single letters are, single digits are not.
bool is_stop_word(std::string_view word) noexcept;

}  // namespace toolrack::text
