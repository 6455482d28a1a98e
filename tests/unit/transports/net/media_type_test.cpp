#include "transports/net/media_type.hpp"

#include <gtest/gtest.h>

namespace toolrack::net {
namespace {

TEST(MediaType, IsJsonInUtf8) {
  for (const auto* text :
       {"application/json", "Application/JSON", "application/json;charset=utf-8", "application/json; charset=UTF-8",
        "application/json; charset=\"utf-8\"", "application/json ; CHARSET=utf-8 ",
        "application/json\t;\tcharset=utf-8", "application/json;", "application/json;;charset=utf-8",
        "application/json; profile=\"a;charset=utf-16\"",
        "application/json; profile=\"a\\\"; charset=utf-16\"; charset=utf-8", "application/json; xcharset=utf-16"})
    EXPECT_TRUE(is_utf8_json(text)) << text;
}

TEST(MediaType, IsSomethingElse) {
  for (const auto* text : {"",
                           "json",
                           "application",
                           "application/",
                           "/json",
                           "application/jsonx",
                           "application/json+x",
                           "xapplication/json",
                           "text/json",
                           "text/plain",
                           "application/json, text/plain",
                           "application/json text/plain",
                           " application/json",
                           "application/json; charset=utf-16",
                           "application/json; charset=utf-8x",
                           "application/json; charset=utf-",
                           "application/json; charset=",
                           "application/json; charset",
                           "application/json; charset =utf-8",
                           "application/json; charset= utf-8",
                           "application/json; charset='utf-8'",
                           "application/json; charset=\"utf-8",
                           "application/json; charset=\"utf-8x\"",
                           "application/json; charset=\"utf-8\"x",
                           "application/json; charset=\"\"",
                           "application/json; charset=utf-8; charset=utf-16",
                           "application/json; charset=utf-8; charset=utf-8",
                           "application/json; =utf-8",
                           "application/json; charset=utf-8\\",
                           "application/json; a=\"\\\"",
                           "application/json; CHARSET=iso-8859-1"})
    EXPECT_FALSE(is_utf8_json(text)) << text;
}

}  // namespace
}  // namespace toolrack::net
