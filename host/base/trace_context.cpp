#include "base/trace_context.hpp"

#include <sys/random.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <random>
#include <vector>

namespace toolrack::base {
namespace {

constexpr std::size_t kMaxTracestate = 512;  ///< That much everybody has to pass on.
constexpr std::size_t kMaxMembers = 32;
constexpr std::size_t kLongMember = 128;
constexpr std::size_t kMaxKey = 256, kMaxValue = 256;
constexpr std::string_view kHex = "0123456789abcdef";

/// Random bits for ids: a generator per thread, seeded by the kernel, as base::Id has.
std::uint64_t random_bits() noexcept {
  thread_local std::mt19937_64 generator = [] {
    std::array<std::uint32_t, 16> seed{};
    auto* bytes = reinterpret_cast<char*>(seed.data());
    for (std::size_t got = 0; got < sizeof seed;) {
      const auto more = ::getrandom(bytes + got, sizeof seed - got, 0);
      if (more < 0 && errno != EINTR) std::abort();  // Cannot fail on a system that has booted.
      if (more > 0) got += static_cast<std::size_t>(more);
    }
    std::seed_seq sequence(seed.begin(), seed.end());
    return std::mt19937_64(sequence);
  }();
  return generator();
}

std::uint64_t random_id() noexcept {
  for (;;)
    if (const auto id = random_bits(); id != 0) return id;
}

/// Lower-case hex only, as the recommendation wants it.
bool read_hex(std::string_view digits, std::uint64_t& out) noexcept {
  out = 0;
  for (const char c : digits) {
    if (c >= '0' && c <= '9')
      out = out << 4 | static_cast<unsigned>(c - '0');
    else if (c >= 'a' && c <= 'f')
      out = out << 4 | static_cast<unsigned>(c - 'a' + 10);
    else
      return false;
  }
  return true;
}

char* put_hex(char* out, std::uint64_t bits, int digits) noexcept {
  for (int i = digits - 1; i >= 0; --i) *out++ = kHex[bits >> (4 * i) & 15];
  return out;
}

bool is_key_start(char c) noexcept { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }
bool is_key(char c) noexcept { return is_key_start(c) || c == '_' || c == '-' || c == '*' || c == '/' || c == '@'; }
bool is_value(char c) noexcept { return c >= 0x20 && c <= 0x7e && c != ',' && c != '='; }

std::string_view key_of(std::string_view member) noexcept { return member.substr(0, member.find('=')); }

bool is_member(std::string_view member) noexcept {
  const auto equals = member.find('=');
  if (equals == std::string_view::npos) return false;
  const auto key = member.substr(0, equals), value = member.substr(equals + 1);
  return !key.empty() && key.size() <= kMaxKey && is_key_start(key.front()) && std::ranges::all_of(key, is_key) &&
         !value.empty() && value.size() <= kMaxValue && std::ranges::all_of(value, is_value);
}

std::string_view trim(std::string_view text) noexcept {
  const auto begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

}  // namespace

TraceContext TraceContext::child() const noexcept {
  auto out = *this;
  out.span = random_id();
  return out;
}

TraceContext TraceContext::make() noexcept {
  return {.trace = {.high = random_bits(), .low = random_id()}, .span = random_id(), .flags = kRandom};
}

std::optional<TraceContext> parse_traceparent(std::string_view text) noexcept {
  if (text.size() < Traceparent::kSize || text[2] != '-' || text[35] != '-' || text[52] != '-') return std::nullopt;
  std::uint64_t version = 0, flags = 0;
  TraceContext out;
  if (!read_hex(text.substr(0, 2), version) || version == 0xff || !read_hex(text.substr(3, 16), out.trace.high) ||
      !read_hex(text.substr(19, 16), out.trace.low) || !read_hex(text.substr(36, 16), out.span) ||
      !read_hex(text.substr(53, 2), flags))
    return std::nullopt;
  if (!out.trace || out.span == 0) return std::nullopt;
  // Version 00 ends here; later ones may go on behind a dash.
  if (text.size() > Traceparent::kSize && (version == 0 || text[Traceparent::kSize] != '-')) return std::nullopt;
  out.flags = static_cast<std::uint8_t>(flags & (TraceContext::kSampled | TraceContext::kRandom));
  return out;
}

Traceparent::Traceparent(const TraceContext& context) noexcept {
  auto* out = text_.data();
  *out++ = '0';
  *out++ = '0';
  *out++ = '-';
  out = put_hex(out, context.trace.high, 16);
  out = put_hex(out, context.trace.low, 16);
  *out++ = '-';
  out = put_hex(out, context.span, 16);
  *out++ = '-';
  put_hex(out, context.flags, 2);
}

std::array<char, 16> span_id_hex(std::uint64_t span) noexcept {
  std::array<char, 16> out;
  put_hex(out.data(), span, 16);
  return out;
}

std::array<char, 32> trace_id_hex(const TraceId& trace) noexcept {
  std::array<char, 32> out;
  put_hex(put_hex(out.data(), trace.high, 16), trace.low, 16);
  return out;
}

std::string clean_tracestate(std::string_view text) {
  std::vector<std::string_view> members;
  while (!text.empty()) {
    const auto end = std::min(text.find(','), text.size());
    const auto member = trim(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (member.empty()) continue;
    if (members.size() == kMaxMembers || !is_member(member)) return {};
    if (std::ranges::find(members, key_of(member), key_of) != members.end()) return {};
    members.push_back(member);
  }
  std::size_t size = members.empty() ? 0 : members.size() - 1;
  for (const auto member : members) size += member.size();
  const auto drop = [&](auto at) {
    size -= at->size() + (members.size() > 1 ? 1 : 0);
    members.erase(at);
  };
  while (size > kMaxTracestate) {
    const auto is_long = [](std::string_view member) { return member.size() > kLongMember; };
    const auto long_one = std::find_if(members.rbegin(), members.rend(), is_long);
    drop(long_one == members.rend() ? std::prev(members.end()) : std::prev(long_one.base()));
  }
  std::string out;
  out.reserve(size);
  for (const auto member : members) out.append(out.empty() ? "" : ",").append(member);
  return out;
}

}  // namespace toolrack::base
