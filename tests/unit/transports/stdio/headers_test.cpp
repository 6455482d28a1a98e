#include "transports/stdio/headers.hpp"

#include <gtest/gtest.h>

#include "transports/mcp/modern_check.hpp"

namespace toolrack::stdio {
namespace {

TEST(Headers, LeaveVisibleAsciiAsItIs) {
  for (const auto* value : {"seo_analyze_page", "a b\tc", "~!\"#", "=?base64?abc", "abc?=", "=?BASE64?YQ==?="})
    EXPECT_EQ(header_value(value), value);
}

TEST(Headers, EncodeEverythingElse) {
  for (const auto* value : {" a", "a ", "\ta", "ä", "a\nb", "a\x7f", "\x01", "=?base64?YQ==?="})
    EXPECT_TRUE(header_value(value).starts_with("=?base64?")) << value;
}

TEST(Headers, ReadBackAsTheyWereMeant) {
  for (const std::string value :
       {"plain", " lead", "größe 日本", "=?base64?YQ==?=", "=?base64?", "?=", "line\r\nbreak"})
    EXPECT_EQ(mcp::decode_header(header_value(value)), value);
}

TEST(Headers, WriteAnEmptyValueSoThatItIsSent) { EXPECT_EQ(header_line("Mcp-Name", ""), "Mcp-Name;"); }

}  // namespace
}  // namespace toolrack::stdio
