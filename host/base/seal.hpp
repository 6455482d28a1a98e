/// Bytes that others keep for us: nobody can read or change them, or make their own.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

namespace toolrack::base {

/// Threads: any.
class Seal {
 public:
  using Key = std::array<unsigned char, 32>;
  /// `purpose` keeps what is sealed for one thing from being taken for another; a constant.
  Seal(const Key& key, std::string_view purpose) : key_(key), purpose_(purpose) {}

  /// Visible ASCII (base64url), with 192 random bits: never the same twice.
  std::string close(std::string_view bytes) const;
  /// Nothing for what was not sealed with this key for this purpose, or is spelled in another way.
  std::optional<std::string> open(std::string_view sealed) const;

 private:
  const Key key_;
  const std::string_view purpose_;
};

}  // namespace toolrack::base
