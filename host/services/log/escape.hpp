/// Text from anywhere, made fit for one line of a log: no control character reaches a terminal, no line can be forged.
#pragma once

#include <fmt/format.h>

#include <string_view>

namespace toolrack::services::log {

/// In quotes, escaped; bytes that are no UTF-8 become U+FFFD.
void append_json_string(fmt::memory_buffer& out, std::string_view text);
/// Without quotes; control characters (C0, DEL, C1) and bytes that are no UTF-8 are escaped, backslashes are not.
void append_plain(fmt::memory_buffer& out, std::string_view text);
/// A field's value: as it is when it is one plain word, else in quotes.
void append_word(fmt::memory_buffer& out, std::string_view text);

}  // namespace toolrack::services::log
