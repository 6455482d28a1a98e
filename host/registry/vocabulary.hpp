/// The words that the tools of a catalogue use, so that a word nobody uses can be read as the one that was meant.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace toolrack::registry {

/// Filled, sealed, then immutable and free for any thread. Words are runs of ASCII letters and digits, in lower case;
/// others are neither kept nor corrected.
class Vocabulary {
 public:
  void add(std::string_view text);
  /// After the last `add`.
  void seal();
  /// `typed` with each word that no kept word begins with replaced by the nearest kept one: up to one edit for words of
  /// four and five letters, two for longer ones. nullopt when there is nothing to replace.
  std::optional<std::string> correct(std::string_view typed) const;

 private:
  bool is_known(std::string_view word) const;
  std::string_view nearest(std::string_view word) const;

  std::vector<std::string> words_;  // Sorted and unique once sealed.
};

}  // namespace toolrack::registry
