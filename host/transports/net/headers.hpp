/// The header fields of one message: a flat list in the order they came, with an index of the ones the host looks at.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace toolrack::net {

struct HeaderField {
  std::string_view name;
  std::string_view value;  ///< Without surrounding blanks.
};

/// Names that some part of the host asks for; looking one up costs an array access.
enum class HeaderName : std::uint8_t {
  kAccept,
  kAuthorization,
  kConnection,
  kContentEncoding,
  kContentLength,
  kContentType,
  kCookie,
  kExpect,
  kForwarded,
  kHost,
  kIdempotencyKey,
  kIfNoneMatch,
  kLastEventId,
  kMcpMethod,
  kMcpName,
  kMcpProtocolVersion,
  kMcpSessionId,
  kOrigin,
  kTraceparent,
  kTracestate,
  kTransferEncoding,
  kUserAgent,
  kXForwardedFor,
  kXRequestId,
  kOther,
};

/// kOther when `name` is none of them; letters compare without case.
HeaderName header_name(std::string_view name) noexcept;
/// As it is usually written: "Content-Type". Empty for kOther.
std::string_view to_string(HeaderName name) noexcept;
bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept;

/// Views into somebody else's buffer; for a request, the connection's, until the response was sent.
class Headers {
 public:
  Headers() { clear(); }

  /// The value of the first such field; empty when there is none (`has` tells it from an empty value).
  std::string_view get(HeaderName name) const noexcept {
    const auto at = index_[static_cast<std::size_t>(name)];
    return at == kAbsent ? std::string_view() : fields_[at].value;
  }
  bool has(HeaderName name) const noexcept { return index_[static_cast<std::size_t>(name)] != kAbsent; }
  /// Did the field come more than once? Fields with one value must not.
  bool is_repeated(HeaderName name) const noexcept { return (repeated_ >> static_cast<unsigned>(name) & 1) != 0; }

  /// For names that have no HeaderName (Mcp-Param-*, X-Provider-Key-*): nullptr when there is none.
  const HeaderField* find(std::string_view name) const noexcept;

  std::size_t size() const noexcept { return fields_.size(); }
  bool empty() const noexcept { return fields_.empty(); }
  std::vector<HeaderField>::const_iterator begin() const noexcept { return fields_.begin(); }
  std::vector<HeaderField>::const_iterator end() const noexcept { return fields_.end(); }

  void add(std::string_view name, std::string_view value);
  void clear() noexcept;
  /// The buffer that the views point into has moved from `from` to `to`.
  void rebase(const char* from, const char* to) noexcept;

 private:
  static constexpr std::uint16_t kAbsent = 0xffff;
  static constexpr std::size_t kKnown = static_cast<std::size_t>(HeaderName::kOther);
  std::vector<HeaderField> fields_;
  std::array<std::uint16_t, kKnown> index_;
  std::uint32_t repeated_ = 0;
  static_assert(kKnown <= 32, "repeated_ has a bit per name");
};

}  // namespace toolrack::net
