#include "analysis/charset.hpp"

#include "analysis/text.hpp"

#include <iconv.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace toolrack::seo {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";
constexpr std::size_t kPrescanBytes = 1024;

/// What glibc calls an encoding of the standard, where the names differ or a superset is meant.
std::string iconv_name(std::string_view encoding) {
  struct Row {
    std::string_view name, iconv;
  };
  constexpr std::array<Row, 9> kRows = {{{"Shift_JIS", "CP932"},
                                         {"EUC-JP", "EUC-JP-MS"},
                                         {"EUC-KR", "CP949"},
                                         {"GBK", "GB18030"},
                                         {"gb18030", "GB18030"},
                                         {"Big5", "BIG5-HKSCS"},
                                         {"ISO-8859-8-I", "ISO-8859-8"},
                                         {"x-mac-cyrillic", "MAC-CYRILLIC"},
                                         {"windows-874", "CP874"}}};
  for (const Row& row : kRows) {
    if (row.name == encoding) return std::string(row.iconv);
  }
  return std::string(encoding);
}

/// Owns one conversion; not shared between threads.
class Converter {
 public:
  explicit Converter(const std::string& from) noexcept : handle_(iconv_open("UTF-8", from.c_str())) {}
  Converter(const Converter&) = delete;
  Converter& operator=(const Converter&) = delete;
  ~Converter() {
    if (is_open()) iconv_close(handle_);
  }
  bool is_open() const noexcept { return handle_ != reinterpret_cast<iconv_t>(-1); }

  /// `unit`: bytes that a bad sequence costs at least.
  std::string run(std::string_view bytes, std::size_t unit, std::size_t& replaced) {
    std::string out;
    out.reserve(bytes.size() + bytes.size() / 2);
    std::array<char, 16384> block{};
    char* in = const_cast<char*>(bytes.data());  // iconv's signature; it only reads.
    std::size_t in_left = bytes.size();
    while (in_left > 0) {
      char* to = block.data();
      std::size_t to_left = block.size();
      const std::size_t result = iconv(handle_, &in, &in_left, &to, &to_left);
      const int error = errno;
      out.append(block.data(), block.size() - to_left);
      if (result != static_cast<std::size_t>(-1) || error == E2BIG) continue;
      out.append(kReplacement);
      ++replaced;
      const std::size_t skip = error == EINVAL ? in_left : std::min(unit, in_left);
      in += skip;
      in_left -= skip;
    }
    char* to = block.data();
    std::size_t to_left = block.size();
    iconv(handle_, nullptr, nullptr, &to, &to_left);
    out.append(block.data(), block.size() - to_left);
    return out;
  }

 private:
  iconv_t handle_;
};

/// Well-formed, not counting a sequence that the end cuts off behind others: bodies get cut, Latin-1 ends in such bytes
/// too, but has no valid sequences before them.
bool is_utf8(std::string_view bytes) {
  std::size_t replaced = 0;
  to_valid_utf8(bytes, replaced);
  if (replaced != 1) return replaced == 0;
  std::size_t tail = 0;
  while (tail < 4 && tail < bytes.size() && static_cast<unsigned char>(bytes[bytes.size() - 1 - tail]) >= 0x80) {
    const auto byte = static_cast<unsigned char>(bytes[bytes.size() - 1 - tail++]);
    if (byte >= 0xC0) break;
  }
  bytes.remove_suffix(tail);
  replaced = 0;
  to_valid_utf8(bytes, replaced);
  const auto is_high = [](char c) { return static_cast<unsigned char>(c) >= 0x80; };
  return replaced == 0 && std::any_of(bytes.begin(), bytes.end(), is_high);
}

std::string without_nul(std::string text) {
  std::erase(text, '\0');
  return text;
}

}  // namespace

std::string decode(std::string_view bytes, std::string_view encoding, std::size_t& replaced) {
  if (encoding != "UTF-8") {
    Converter converter(iconv_name(encoding));
    const std::size_t unit = encoding.starts_with("UTF-16") ? 2 : 1;
    if (converter.is_open()) return without_nul(converter.run(bytes, unit, replaced));
  }
  return to_valid_utf8(bytes, replaced);
}

DecodedText decode_page(std::string_view bytes, std::string_view content_type) {
  DecodedText out;
  out.http_label = charset_of_content_type(content_type);
  out.meta_label = charset_of_meta(bytes.substr(0, kPrescanBytes));
  const std::string_view by_http = encoding_name(out.http_label);
  std::string_view by_meta = encoding_name(out.meta_label);
  if (!out.http_label.empty() && by_http.empty()) {
    out.unknown_label = out.http_label;
  } else if (!out.meta_label.empty() && by_meta.empty()) {
    out.unknown_label = out.meta_label;
  }
  // A <meta> that could be read as ASCII cannot be in UTF-16, whatever it says.
  if (by_meta.starts_with("UTF-16")) by_meta = "UTF-8";

  if (bytes.starts_with("\xEF\xBB\xBF")) {
    bytes.remove_prefix(3);
    out.encoding = "UTF-8";
    out.source = "bom";
  } else if (bytes.starts_with("\xFE\xFF") || bytes.starts_with("\xFF\xFE")) {
    out.encoding = bytes.front() == '\xFE' ? "UTF-16BE" : "UTF-16LE";
    out.source = "bom";
    bytes.remove_prefix(2);
  } else if (!by_http.empty()) {
    out.encoding = by_http;
    out.source = "http";
  } else if (!by_meta.empty()) {
    out.encoding = by_meta;
    out.source = "meta";
  } else if (is_utf8(bytes)) {
    out.encoding = "UTF-8";
    out.source = "utf-8 content";
  } else {
    out.encoding = "windows-1252";
    out.source = "default";
  }
  out.utf8 = decode(bytes, out.encoding, out.replaced);
  if (out.source == "bom" && out.meta_label.empty()) {
    out.meta_label = charset_of_meta(std::string_view(out.utf8).substr(0, kPrescanBytes));
  }
  return out;
}

}  // namespace toolrack::seo
