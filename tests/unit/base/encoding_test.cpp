#include "base/encoding.hpp"

#include <gtest/gtest.h>

#include <string>

namespace toolrack::base {
namespace {

using namespace std::string_literals;

std::string every_byte() {
  std::string out;
  for (int i = 0; i < 256; ++i) out += static_cast<char>(i);
  return out;
}

TEST(Hex, WritesLowerCase) {
  EXPECT_EQ(to_hex(""), "");
  EXPECT_EQ(to_hex("\x00\xAB\xff"s), "00abff");
}

TEST(Base64, AgreesWithRfc4648) {
  const std::pair<std::string_view, std::string_view> vectors[] = {
      {"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foob", "Zm9vYg=="}, {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, encoded] : vectors) {
    EXPECT_EQ(to_base64(plain), encoded);
    ASSERT_TRUE(from_base64(encoded)) << encoded;
    EXPECT_EQ(*from_base64(encoded), plain);
  }
}

TEST(Base64, BringsEveryByteBack) {
  const auto bytes = every_byte();
  for (std::size_t size = 0; size <= bytes.size(); ++size) {
    const auto part = bytes.substr(0, size);
    ASSERT_EQ(from_base64(to_base64(part)).value(), part);
    ASSERT_EQ(from_base64url(to_base64url(part)).value(), part);
  }
}

TEST(Base64, UsesTheUrlAlphabetWithoutPadding) {
  EXPECT_EQ(to_base64("\xfb\xff"), "+/8=");
  EXPECT_EQ(to_base64url("\xfb\xff"), "-_8");
}

TEST(Base64, RefusesForeignCharactersAndWrongPadding) {
  for (const auto* text : {"Zg", "Zg=", "Zg===", "Z", "=", "Zm9v\n", " Zm9v", "Zm-v", "Zg==Zg==", "Zh=="}) {
    const auto decoded = from_base64(text);
    ASSERT_FALSE(decoded) << text;
    EXPECT_EQ(decoded.error().code(), ErrorCode::kInvalidRequest);
  }
  for (const auto* text : {"Zg==", "+/8", "Z", "Zh", "Zm9v\n"}) EXPECT_FALSE(from_base64url(text)) << text;
  EXPECT_FALSE(from_base64("Zm\0v"s));
}

TEST(Sha256, AgreesWithFips180) {
  EXPECT_EQ(to_hex(as_bytes(sha256(""))), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(to_hex(as_bytes(sha256("abc"))), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(to_hex(as_bytes(sha256(std::string(1'000'000, 'a')))),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

// Cases 2 and 6 of it.
TEST(HmacSha256, AgreesWithRfc4231) {
  EXPECT_EQ(to_hex(hmac_sha256("Jefe", "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(to_hex(hmac_sha256(std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First")),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(EqualConstantTime, ComparesContentAndSize) {
  EXPECT_TRUE(equal_constant_time("", ""));
  EXPECT_TRUE(equal_constant_time("secret", "secret"));
  EXPECT_FALSE(equal_constant_time("secret", "secreT"));
  EXPECT_FALSE(equal_constant_time("secret", "secre"));
  EXPECT_FALSE(equal_constant_time("a\0b"s, "a\0c"s));
}

TEST(PercentEncoding, LeavesOnlyUnreservedCharacters) {
  EXPECT_EQ(percent_encode("AZaz09-._~"), "AZaz09-._~");
  EXPECT_EQ(percent_encode("a b/c?d=e&f+g%"), "a%20b%2Fc%3Fd%3De%26f%2Bg%25");
  EXPECT_EQ(percent_encode("\xC3\xBC\x7f"), "%C3%BC%7F");
}

TEST(PercentEncoding, BringsEveryByteButZeroBack) {
  const auto bytes = every_byte().substr(1);
  EXPECT_EQ(percent_decode(percent_encode(bytes)).value(), bytes);
}

TEST(PercentDecoding, TakesPlusAsSpaceOnlyWhenAsked) {
  EXPECT_EQ(percent_decode("a+b%2b").value(), "a+b+");
  EXPECT_EQ(percent_decode("a+b%2b", true).value(), "a b+");
}

TEST(PercentDecoding, RefusesBrokenEscapesAndZeroBytes) {
  for (const auto* text : {"%", "%4", "%4g", "%g4", "a%", "%%41", "%00", "a%00b"}) {
    const auto decoded = percent_decode(text);
    ASSERT_FALSE(decoded) << text;
    EXPECT_EQ(decoded.error().code(), ErrorCode::kInvalidRequest);
  }
  EXPECT_NE(percent_decode("ab%zz").error().message().find("offset 2"), std::string::npos);
}

TEST(Tagger, TellsTextsApartAndItsTagsMeanNothingToAnother) {
  const Tagger tagger, other;
  EXPECT_EQ(tagger.tag("a text"), tagger.tag("a text"));
  EXPECT_NE(tagger.tag("a text"), tagger.tag("a texu"));
  EXPECT_NE(tagger.tag(""), tagger.tag(std::string_view("\0", 1)));
  EXPECT_NE(tagger.tag("a text"), other.tag("a text"));
}

}  // namespace
}  // namespace toolrack::base
