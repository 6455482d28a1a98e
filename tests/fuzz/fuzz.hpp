/// What every fuzz target has: `check` is called with one input after the other, and whatever it may rely on is a
/// promise that `require` holds it to. entry.cpp is libFuzzer's side.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace toolrack::fuzz {

/// Defined by each target. The bytes end where their memory ends, so that reading further is seen.
void check(std::string_view input);

/// Ends the process when a promise is broken; libFuzzer keeps the input. `detail` is printed with it.
void require(bool holds, std::string_view promise, std::string_view detail = {});

/// The processor time that one input may take, as sanitized code and on any machine: about ten times what the shipped
/// program would. entry.cpp requires it.
inline constexpr std::int64_t kMaxCpuMs = 1'000;

/// `bytes` as a socket or a pipe might deliver them, in some pieces. The same bytes and `variant` give the same cuts.
std::vector<std::string_view> cut(std::string_view bytes, std::uint64_t variant);
/// One byte a piece.
std::vector<std::string_view> cut_all(std::string_view bytes);

/// Takes the text up to `separator` off the front of `rest`; everything when there is none.
std::string_view take_until(std::string_view& rest, std::string_view separator);

}  // namespace toolrack::fuzz
