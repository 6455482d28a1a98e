/// Writes JSON; a thin cover over RapidJSON's Writer that takes views.
#pragma once

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

namespace toolrack::seo {

class JsonOut {
 public:
  JsonOut() : writer_(buffer_) {}
  JsonOut(const JsonOut&) = delete;
  JsonOut& operator=(const JsonOut&) = delete;

  JsonOut& key(std::string_view name) {
    writer_.Key(name.data(), static_cast<rapidjson::SizeType>(name.size()));
    return *this;
  }
  JsonOut& value(std::string_view text) {
    writer_.String(text.data() == nullptr ? "" : text.data(), static_cast<rapidjson::SizeType>(text.size()));
    return *this;
  }
  JsonOut& value(const char* text) { return value(std::string_view(text)); }
  JsonOut& value(bool flag) {
    writer_.Bool(flag);
    return *this;
  }
  JsonOut& value(std::integral auto number) {
    writer_.Int64(static_cast<std::int64_t>(number));
    return *this;
  }
  /// Four decimals at most; never NaN or infinite.
  JsonOut& value(double number) {
    writer_.Double(number);
    return *this;
  }
  template <class T>
  JsonOut& field(std::string_view name, const T& content) {
    key(name);
    return value(content);
  }
  JsonOut& null() {
    writer_.Null();
    return *this;
  }
  JsonOut& null(std::string_view name) { return key(name).null(); }
  /// "" is null.
  JsonOut& text_or_null(std::string_view name, std::string_view text) {
    return text.empty() ? null(name) : field(name, text);
  }
  /// What is JSON already.
  JsonOut& raw(std::string_view name, std::string_view json) {
    key(name);
    writer_.RawValue(json.data(), json.size(), rapidjson::kNullType);  // The type matters to pretty writers alone.
    return *this;
  }
  JsonOut& object() {
    writer_.StartObject();
    return *this;
  }
  JsonOut& object(std::string_view name) { return key(name).object(); }
  JsonOut& end_object() {
    writer_.EndObject();
    return *this;
  }
  JsonOut& array(std::string_view name) {
    key(name);
    writer_.StartArray();
    return *this;
  }
  JsonOut& end_array() {
    writer_.EndArray();
    return *this;
  }
  /// A list of strings.
  template <class List>
  JsonOut& strings(std::string_view name, const List& list) {
    array(name);
    for (const auto& each : list) value(std::string_view(each));
    return end_array();
  }

  std::string text() const { return {buffer_.GetString(), buffer_.GetSize()}; }

 private:
  static constexpr int kDecimals = 4;
  struct Writer : rapidjson::Writer<rapidjson::StringBuffer> {
    explicit Writer(rapidjson::StringBuffer& buffer) : rapidjson::Writer<rapidjson::StringBuffer>(buffer) {
      SetMaxDecimalPlaces(kDecimals);
    }
  };
  rapidjson::StringBuffer buffer_;
  Writer writer_;
};

}  // namespace toolrack::seo
