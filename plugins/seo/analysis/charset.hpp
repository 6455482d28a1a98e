/// Which encoding a page is in, and the page as UTF-8. Labels and precedence follow the WHATWG Encoding and HTML
/// standards, as browsers do: byte order mark, then Content-Type, then <meta> within the first 1024 bytes.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace toolrack::seo {

/// The standard's name of an encoding ("windows-1251") for any of its labels ("cp1251"); empty when unknown.
std::string_view encoding_name(std::string_view label) noexcept;
/// The label in `text/html; charset=...`; empty when there is none. Takes quotes and stray spaces.
std::string charset_of_content_type(std::string_view content_type);
/// The label that <meta charset> or <meta http-equiv=content-type> gives within `head` (the standard's prescan).
std::string charset_of_meta(std::string_view head);

struct DecodedText {
  std::string utf8;           ///< Always well-formed, without NUL.
  std::string encoding;       ///< Standard name of what was used.
  std::string source;         ///< "bom", "http", "meta", "utf-8 content" or "default".
  std::string http_label;     ///< As declared, empty when not.
  std::string meta_label;     ///< As declared within the first 1024 bytes, empty when not.
  std::string unknown_label;  ///< A declared label that names no encoding we can read.
  std::size_t replaced = 0;   ///< Sequences that meant nothing in that encoding and became U+FFFD.
};

/// Never fails: what cannot be read becomes U+FFFD.
DecodedText decode_page(std::string_view bytes, std::string_view content_type);
/// `bytes` in the encoding of this standard name as UTF-8; `replaced` grows by the replacements.
std::string decode(std::string_view bytes, std::string_view encoding, std::size_t& replaced);

}  // namespace toolrack::seo
