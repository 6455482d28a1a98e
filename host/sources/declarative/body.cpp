#include "sources/declarative/body.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/ids.hpp"

namespace toolrack::sources::declarative {

namespace json = base::json;
using base::Result;
using json::Value;

namespace {

/// How browsers keep a name inside its quotes (HTML, "multipart/form-data encoding algorithm").
std::string quote_parameter(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"')
      out += "%22";
    else if (c == '\r' || c == '\n')
      out += c == '\r' ? "%0D" : "%0A";
    else
      out += c;
  }
  return out + '"';
}

}  // namespace

Result<JsonTemplate> JsonTemplate::parse(const Value& value) {
  JsonTemplate out;
  if (value.IsString()) {
    out.kind_ = Kind::kText;
    out.text_ = TRY(Template::parse(json::view(value)));
  } else if (value.IsObject()) {
    out.kind_ = Kind::kObject;
    for (const auto& [name, member] : value.GetObject())
      out.children_.emplace_back(std::string(json::view(name)), TRY(parse(member)));
  } else if (value.IsArray()) {
    out.kind_ = Kind::kArray;
    for (const auto& item : value.GetArray()) out.children_.emplace_back(std::string(), TRY(parse(item)));
  } else {
    out.literal_ = json::dump(value);
  }
  return out;
}

void JsonTemplate::list_names(std::vector<std::string_view>& out) const {
  for (const auto name : text_.names()) out.push_back(name);
  for (const auto& [name, child] : children_) child.list_names(out);
}

bool JsonTemplate::is_left_out(const Template::Find& find) const {
  if (kind_ == Kind::kLiteral) return false;
  if (kind_ != Kind::kText) {
    return !children_.empty() && std::all_of(children_.begin(), children_.end(),
                                             [&](const auto& child) { return child.second.is_left_out(find); });
  }
  const auto name = text_.only_name();
  // A null that was given is a value here, unlike in a path or a query.
  return name.empty() ? text_.lacks(find) : find(name) == nullptr;
}

Result<void> JsonTemplate::write(json::Writer& writer, const Template::Find& find) const {
  switch (kind_) {
    case Kind::kLiteral:
      json::raw(writer, literal_);
      return {};
    case Kind::kText:
      if (const auto name = text_.only_name(); !name.empty()) {
        const auto* value = find(name);
        if (value == nullptr)
          writer.Null();
        else
          json::raw(writer, json::dump(*value));
        return {};
      }
      json::put(writer, TRY(text_.expand(Place::kText, find)));
      return {};
    case Kind::kObject:
      writer.StartObject();
      for (const auto& [name, child] : children_) {
        if (child.is_left_out(find)) continue;
        json::key(writer, name);
        TRY(child.write(writer, find));
      }
      writer.EndObject();
      return {};
    case Kind::kArray:
      break;
  }
  writer.StartArray();
  for (const auto& [name, child] : children_)
    if (!child.is_left_out(find)) TRY(child.write(writer, find));
  writer.EndArray();
  return {};
}

Result<std::string> JsonTemplate::expand(const Template::Find& find) const {
  json::Buffer buffer;
  json::Writer writer(buffer);
  TRY(write(writer, find));
  return std::string(json::view(buffer));
}

namespace {

/// Calls `add` with every value of the field.
template <typename Add>
Result<void> for_each_value(const Field& field, const Template::Find& find, Add add) {
  if (field.value.lacks(find)) return {};
  if (const auto name = field.value.only_name(); !name.empty()) {
    if (const auto* value = find(name); value->IsArray()) {
      for (const auto& item : value->GetArray()) add(TRY(to_text(item, name)));
      return {};
    }
  }
  add(TRY(field.value.expand(Place::kText, find)));
  return {};
}

}  // namespace

Result<std::string> encode_query(const std::vector<Field>& fields, const Template::Find& find) {
  std::string out;
  for (const auto& field : fields) {
    TRY(for_each_value(field, find, [&](const std::string& value) {
      if (!out.empty()) out += '&';
      out += percent_encode(field.name) + '=' + percent_encode(value);
    }));
  }
  return out;
}

Result<Encoded> encode_multipart(const std::vector<Field>& fields, const Template::Find& find) {
  const auto boundary = "toolrack-" + base::random_hex(16);
  std::string out;
  for (const auto& field : fields) {
    TRY(for_each_value(field, find, [&](const std::string& value) {
      out += fmt::format("--{}\r\nContent-Disposition: form-data; name={}", boundary, quote_parameter(field.name));
      if (!field.file_name.empty()) out += "; filename=" + quote_parameter(field.file_name);
      if (!field.media_type.empty()) out += "\r\nContent-Type: " + field.media_type;
      out += "\r\n\r\n" + value + "\r\n";
    }));
  }
  out += fmt::format("--{}--\r\n", boundary);
  return Encoded{"multipart/form-data; boundary=" + boundary, std::move(out)};
}

}  // namespace toolrack::sources::declarative
