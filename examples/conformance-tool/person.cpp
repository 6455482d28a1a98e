#include "person.hpp"

#include <rapidjson/document.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

namespace {

std::string text_of(const rapidjson::Value& value) {
  if (value.IsString()) return std::string(value.GetString(), value.GetStringLength());
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
  value.Accept(writer);
  return std::string(buffer.GetString(), buffer.GetSize());
}

const rapidjson::Value* find(const rapidjson::Value& value, std::string_view name) {
  if (!value.IsObject()) return nullptr;
  const auto found = value.FindMember(
      rapidjson::Value(rapidjson::StringRef(name.data(), static_cast<rapidjson::SizeType>(name.size()))));
  return found == value.MemberEnd() ? nullptr : &found->value;
}

}  // namespace

std::string member(std::string_view json_object, std::string_view name) {
  rapidjson::Document document;
  document.Parse(json_object.data(), json_object.size());
  if (document.HasParseError()) return {};
  const rapidjson::Value* const value = find(document, name);
  return value == nullptr ? std::string() : text_of(*value);
}

std::string sampled_text(const toolrack::Reply& answer) {
  const std::string_view body = answer.body();
  rapidjson::Document document;
  document.Parse(body.data(), body.size());
  if (document.HasParseError()) return {};
  const rapidjson::Value* content = find(document, "content");
  if (content != nullptr && content->IsArray()) content = content->Empty() ? nullptr : &(*content)[0];
  const rapidjson::Value* const text = content == nullptr ? nullptr : find(*content, "text");
  return text == nullptr ? std::string() : text_of(*text);
}

bool describe_action(const toolrack::Reply& answer, std::string& out) {
  switch (answer.status()) {
    case TR_OK:
      out = "action=accept, content=" + answer.body().str();
      return true;
    case TR_USER_DECLINED:
      out = "action=decline, content={}";
      return true;
    case TR_USER_DISMISSED:
      out = "action=cancel, content={}";
      return true;
    default:
      return false;
  }
}
