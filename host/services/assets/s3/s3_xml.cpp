#include "services/assets/s3/s3_xml.hpp"

#include <fmt/format.h>
#include <boost/property_tree/ptree.hpp>
#include <boost/property_tree/xml_parser.hpp>

#include <sstream>

namespace toolrack::services::assets::s3 {
namespace {

using boost::property_tree::ptree;

/// The element of that name at the top; empty when the text is no XML or has another one.
ptree read_root(const std::string& xml, const char* name) {
  try {
    std::istringstream text(xml);
    ptree tree;
    boost::property_tree::read_xml(text, tree, boost::property_tree::xml_parser::trim_whitespace);
    return tree.get_child(name, {});
  } catch (const boost::property_tree::ptree_error&) {
    return {};
  }
}

std::string text_of(const ptree& element, const char* name) { return element.get<std::string>(name, {}); }

std::string escape(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '&')
      out += "&amp;";
    else if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else
      out += c;
  }
  return out;
}

}  // namespace

ServerError read_error(const std::string& xml) {
  const auto root = read_root(xml, "Error");
  return {.code = text_of(root, "Code"), .message = text_of(root, "Message")};
}

std::string read_upload_id(const std::string& xml) {
  return text_of(read_root(xml, "InitiateMultipartUploadResult"), "UploadId");
}

std::optional<Listing> read_listing(const std::string& xml) {
  const auto root = read_root(xml, "ListBucketResult");
  if (root.empty()) return std::nullopt;
  Listing listing;
  for (const auto& [name, element] : root)
    if (name == "Contents") listing.keys.push_back(text_of(element, "Key"));
  if (text_of(root, "IsTruncated") == "true") listing.next = text_of(root, "NextContinuationToken");
  return listing;
}

std::vector<std::pair<std::string, std::string>> read_uploads(const std::string& xml) {
  std::vector<std::pair<std::string, std::string>> uploads;
  for (const auto& [name, element] : read_root(xml, "ListMultipartUploadsResult"))
    if (name == "Upload") uploads.emplace_back(text_of(element, "Key"), text_of(element, "UploadId"));
  return uploads;
}

std::string write_parts(const std::vector<std::string>& etags) {
  std::string xml = "<CompleteMultipartUpload>";
  for (std::size_t i = 0; i < etags.size(); ++i)
    xml += fmt::format("<Part><PartNumber>{}</PartNumber><ETag>{}</ETag></Part>", i + 1, escape(etags[i]));
  return xml + "</CompleteMultipartUpload>";
}

}  // namespace toolrack::services::assets::s3
