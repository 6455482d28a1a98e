/// What a declarative request sends after its head: JSON in which {name} stands for a value, a form, or parts.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"
#include "sources/declarative/template.hpp"

namespace toolrack::sources::declarative {

/// JSON with templates for strings. A string that is one {name} becomes that value, whatever its type; absent, its
/// member or item is left out, and so is an object or array that loses all it has. Immutable; any thread.
class JsonTemplate {
 public:
  static base::Result<JsonTemplate> parse(const base::json::Value& value);
  base::Result<std::string> expand(const Template::Find& find) const;
  void list_names(std::vector<std::string_view>& out) const;

 private:
  enum class Kind : std::uint8_t { kLiteral, kText, kObject, kArray };
  base::Result<void> write(base::json::Writer& writer, const Template::Find& find) const;
  bool is_left_out(const Template::Find& find) const;

  Kind kind_ = Kind::kLiteral;
  std::string literal_;  // As JSON.
  Template text_;
  std::vector<std::pair<std::string, JsonTemplate>> children_;  // Names are empty in an array.
};

/// A name and its value, of a query, the headers or a form.
struct Field {
  std::string name;
  Template value;
  std::string file_name, media_type;  ///< Of a part in multipart/form-data.
};

/// "a=1&b=x%20y": a field whose value is one absent {name} is left out; an array gives its name once an item.
base::Result<std::string> encode_query(const std::vector<Field>& fields, const Template::Find& find);

struct Encoded {
  std::string media_type, bytes;
};
/// multipart/form-data (RFC 7578) with a boundary that nobody can foresee.
base::Result<Encoded> encode_multipart(const std::vector<Field>& fields, const Template::Find& find);

}  // namespace toolrack::sources::declarative
