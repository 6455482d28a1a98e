#include "analysis/charset.hpp"

#include <gtest/gtest.h>

namespace toolrack::seo {
namespace {

TEST(Charset, KnowsTheLabelsOfTheStandard) {
  EXPECT_EQ(encoding_name(" Latin1 "), "windows-1252");
  EXPECT_EQ(encoding_name("x-sjis"), "Shift_JIS");
  EXPECT_EQ(encoding_name("UTF8"), "UTF-8");
  EXPECT_EQ(encoding_name("gb2312"), "GBK");
  EXPECT_EQ(encoding_name("utf-8lite"), "");
  EXPECT_EQ(encoding_name(""), "");
}

TEST(Charset, ReadsTheLabelOfAHeader) {
  EXPECT_EQ(charset_of_content_type("text/html; charset=utf-8"), "utf-8");
  EXPECT_EQ(charset_of_content_type("text/html;CHARSET = \"Shift_JIS\" ; x=y"), "Shift_JIS");
  EXPECT_EQ(charset_of_content_type("text/html; charset='koi8-r'"), "koi8-r");
  EXPECT_EQ(charset_of_content_type("text/html; boundary=x, text/html; charset=utf-8"), "utf-8");
  EXPECT_EQ(charset_of_content_type("text/html; charset"), "");
  EXPECT_EQ(charset_of_content_type("charset=utf-8"), "");
}

TEST(Charset, FindsTheLabelOfAMeta) {
  EXPECT_EQ(charset_of_meta("<meta charset=koi8-r>"), "koi8-r");
  EXPECT_EQ(charset_of_meta("<META  CharSet = 'x' />"), "x");
  EXPECT_EQ(charset_of_meta("<meta content='text/html; charset=big5' http-equiv=content-type>"), "big5");
  EXPECT_EQ(charset_of_meta("<meta http-equiv=\"Content-Type\" content=\"text/html;charset=euc-kr\">"), "euc-kr");
}

TEST(Charset, IsNotFooledByWhatLooksLikeAMeta) {
  EXPECT_EQ(charset_of_meta("<!-- <meta charset=a> --><meta charset=b>"), "b");
  EXPECT_EQ(charset_of_meta("<div title='<meta charset=a>'><meta charset=b>"), "b");
  EXPECT_EQ(charset_of_meta("<meta name=x content='charset=a'><meta charset=b>"), "b");
  EXPECT_EQ(charset_of_meta("<metadata charset=a>"), "");
  EXPECT_EQ(charset_of_meta("<!-- <meta charset=a>"), "");
  EXPECT_EQ(charset_of_meta("<meta charset"), "");
  EXPECT_EQ(charset_of_meta("< = <meta = charset=a>"), "a");
}

TEST(Charset, PutsTheByteOrderMarkFirstThenTheHeaderThenTheMeta) {
  EXPECT_EQ(decode_page("\xEF\xBB\xBF<meta charset=big5>", "text/html; charset=koi8-r").encoding, "UTF-8");
  EXPECT_EQ(decode_page("<meta charset=big5>", "text/html; charset=koi8-r").encoding, "KOI8-R");
  EXPECT_EQ(decode_page("<meta charset=big5>", "text/html").encoding, "Big5");
  EXPECT_EQ(decode_page("plain", "").source, "utf-8 content");
  EXPECT_EQ(decode_page("caf\xE9", "").encoding, "windows-1252");
  EXPECT_EQ(decode_page("\xC3\xA9 caf\xC3", "").encoding, "UTF-8") << "a cut sequence at the end is no reason to doubt";
}

TEST(Charset, IgnoresAMetaBeyondThePrescan) {
  const DecodedText text = decode_page(std::string(1100, ' ') + "<meta charset=koi8-r>\xC1", "");
  EXPECT_EQ(text.encoding, "windows-1252");
}

TEST(Charset, ReadsAMetaThatSaysUtf16AsUtf8) {
  EXPECT_EQ(decode_page("<meta charset=utf-16>\xC3\xA9", "").encoding, "UTF-8");
}

TEST(Charset, DecodesTheEncodingsOfTheWeb) {
  const auto decoded = [](std::string_view bytes, std::string_view encoding) {
    std::size_t replaced = 0;
    const std::string text = decode(bytes, encoding, replaced);
    EXPECT_EQ(replaced, 0U) << encoding;
    return text;
  };
  EXPECT_EQ(decoded("\xCF\xF0\xE8\xE2\xE5\xF2", "windows-1251"), "Привет");
  EXPECT_EQ(decoded("\xF0\xD2\xC9\xD7\xC5\xD4", "KOI8-R"), "Привет");
  EXPECT_EQ(decoded("\x93\xFA\x96\x7B\x87\x40", "Shift_JIS"), "日本①");
  EXPECT_EQ(decoded("\xC6\xFC\xCB\xDC", "EUC-JP"), "日本");
  EXPECT_EQ(decoded("\x1B$BF|K\\\x1B(B", "ISO-2022-JP"), "日本");
  EXPECT_EQ(decoded("\xC7\xD1\xB1\xDB", "EUC-KR"), "한글");
  EXPECT_EQ(decoded("\xA4\xA4\xA4\xE5", "Big5"), "中文");
  EXPECT_EQ(decoded("\xD6\xD0\xCE\xC4", "GBK"), "中文");
  EXPECT_EQ(decoded("\x80", "windows-1252"), "€");
  EXPECT_EQ(decoded("\xA4", "ISO-8859-15"), "€");
  EXPECT_EQ(decoded(std::string_view("\x20\xAC", 2), "UTF-16BE"), "€");
}

TEST(Charset, EveryEncodingOfTheTableCanBeRead) {
  for (const char* const label :
       {"ibm866",   "l2",      "l3",     "l4",          "cyrillic",    "arabic", "greek",
        "hebrew",   "logical", "l6",     "iso-8859-13", "iso-8859-14", "l9",     "iso-8859-16",
        "koi",      "koi8-u",  "mac",    "tis-620",     "cp1250",      "cp1251", "l1",
        "cp1253",   "l5",      "cp1255", "cp1256",      "cp1257",      "cp1258", "x-mac-cyrillic",
        "gbk",      "gb18030", "big5",   "euc-jp",      "iso-2022-jp", "sjis",   "korean",
        "utf-16be", "utf-16le"}) {
    ASSERT_NE(encoding_name(label), "") << label;
    std::size_t replaced = 0;
    const std::string_view two_bytes = std::string_view(label).starts_with("utf-16be") ? std::string_view("\0a", 2)
                                       : std::string_view(label).starts_with("utf-16") ? std::string_view("a\0", 2)
                                                                                       : "a";
    EXPECT_EQ(decode(two_bytes, encoding_name(label), replaced), "a") << label;
    EXPECT_EQ(replaced, 0U) << label;
  }
}

TEST(Charset, ReplacesWhatMeansNothing) {
  std::size_t replaced = 0;
  EXPECT_EQ(decode("a\x81\xFFz", "EUC-KR", replaced).back(), 'z');
  EXPECT_GT(replaced, 0U);
  replaced = 0;
  EXPECT_EQ(decode(std::string_view("a\0\x00\xD8z\0", 6), "UTF-16LE", replaced), "a\xEF\xBF\xBDz");
  EXPECT_EQ(replaced, 1U);
  replaced = 0;
  EXPECT_EQ(decode("\x93", "Shift_JIS", replaced), "\xEF\xBF\xBD");
}

}  // namespace
}  // namespace toolrack::seo
