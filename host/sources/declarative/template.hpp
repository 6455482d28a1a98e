/// Text with {name} in it, compiled once. A value is written so that it stays where it stands: it cannot end the path
/// segment, parameter, header or file name that it is put into.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"

namespace toolrack::sources::declarative {

/// Where an expanded text goes, which decides how values are written.
enum class Place : std::uint8_t {
  kPath,    ///< Percent-encoded, "/" too; a segment that would be empty, "." or ".." is refused.
  kHeader,  ///< As it is; control characters are refused.
  kText,    ///< As it is: the receiver (a form field, a JSON string) is escaped as a whole.
};

/// Immutable; any thread.
class Template {
 public:
  /// `{{` and `}}` are braces. kInvalidManifest: a brace without its other half, or nothing between them.
  static base::Result<Template> parse(std::string_view text);

  /// Names between braces, in order: "id", or "/json/pointer" where the text may look into a reply.
  std::vector<std::string_view> names() const;
  /// The name when the text is that and nothing else, so that a value may keep its type; else empty.
  std::string_view only_name() const noexcept;
  /// Literal text alone, for checks at load.
  std::string literal() const;

  /// Null from `find`: the value is absent. kInvalidInput names what is absent, no text, or may not stand there.
  using Find = std::function<const base::json::Value*(std::string_view name)>;
  base::Result<std::string> expand(Place place, const Find& find) const;
  /// Is some value absent or null?
  bool lacks(const Find& find) const;

 private:
  struct Piece {
    std::string text;
    bool is_name = false;
  };
  std::vector<Piece> pieces_;
};

/// A string as it is, a number or boolean as JSON writes it. kInvalidInput for anything else, naming `name`.
base::Result<std::string> to_text(const base::json::Value& value, std::string_view name);

/// Everything but A-Z a-z 0-9 - . _ ~ as %XX.
std::string percent_encode(std::string_view text);

}  // namespace toolrack::sources::declarative
