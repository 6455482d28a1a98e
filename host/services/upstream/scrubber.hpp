/// Hides secrets in what a far end sends back, also where one is split between two pieces.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace toolrack::services::upstream {

/// For one body; used by one thread. Every byte of a secret becomes '*', so lengths stay.
class Scrubber {
 public:
  /// Longer texts first.
  explicit Scrubber(std::vector<std::string> secrets) : secrets_(std::move(secrets)) {}

  /// What may be handed on now; bytes that may be the begin of a secret wait for the next piece.
  std::string feed(std::string_view piece);
  /// The rest.
  std::string finish();
  /// In a whole text, where it stands.
  void hide(std::string& text) const;
  bool is_empty() const noexcept { return secrets_.empty(); }

 private:
  std::size_t open_end(std::string_view text) const noexcept;

  std::vector<std::string> secrets_;
  std::string held_;
};

}  // namespace toolrack::services::upstream
