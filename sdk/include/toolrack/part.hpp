/// One block of content: text, an image, a link ... for people and models beside the structured output.
#pragma once

#include <toolrack/bytes.hpp>

#include <string>
#include <utility>

namespace toolrack {

/// A value; owns what it carries. The host does base64 and turns asset ids into links.
class Part {
 public:
  static Part text(std::string text) {
    Part part(TR_PART_TEXT);
    part.text_ = std::move(text);
    return part;
  }
  static Part image(Bytes bytes, std::string media_type) {
    return media(TR_PART_IMAGE, std::move(bytes), std::move(media_type));
  }
  static Part audio(Bytes bytes, std::string media_type) {
    return media(TR_PART_AUDIO, std::move(bytes), std::move(media_type));
  }
  /// The bytes are those of an asset, by id.
  static Part image_asset(std::string id, std::string media_type) {
    return asset(TR_PART_IMAGE, std::move(id), std::move(media_type));
  }
  static Part audio_asset(std::string id, std::string media_type) {
    return asset(TR_PART_AUDIO, std::move(id), std::move(media_type));
  }
  static Part link(std::string uri, std::string name, std::string media_type) {
    Part part = asset(TR_PART_LINK, std::move(uri), std::move(media_type));
    part.name_ = std::move(name);
    return part;
  }
  static Part resource_text(std::string uri, std::string text, std::string media_type) {
    Part part = asset(TR_PART_RESOURCE, std::move(uri), std::move(media_type));
    part.text_ = std::move(text);
    return part;
  }
  static Part resource_bytes(std::string uri, Bytes bytes, std::string media_type) {
    Part part = asset(TR_PART_RESOURCE, std::move(uri), std::move(media_type));
    part.bytes_ = std::move(bytes);
    return part;
  }
  static Part resource_asset(std::string uri, std::string asset_id, std::string media_type) {
    Part part = asset(TR_PART_RESOURCE, std::move(uri), std::move(media_type));
    part.name_ = std::move(asset_id);
    return part;
  }
  /// One MCP content block, taken as it is.
  static Part json(std::string block) {
    Part part(TR_PART_JSON);
    part.text_ = std::move(block);
    return part;
  }

  /// Members added to the MCP block, as a JSON object: annotations, _meta, title, icons, size.
  Part& extra(std::string json) {
    extra_ = std::move(json);
    return *this;
  }

  /// For the C side: bytes change hands, everything else stays borrowed from this object.
  tr_part to_c() {
    return tr_part{type_, 0, lend(text_), lend(media_type_), lend(uri_), lend(name_), bytes_.to_c(), lend(extra_)};
  }

 private:
  explicit Part(std::uint32_t type) : type_(type) {}
  static Part media(std::uint32_t type, Bytes bytes, std::string media_type) {
    Part part(type);
    part.bytes_ = std::move(bytes);
    part.media_type_ = std::move(media_type);
    return part;
  }
  static Part asset(std::uint32_t type, std::string uri, std::string media_type) {
    Part part(type);
    part.uri_ = std::move(uri);
    part.media_type_ = std::move(media_type);
    return part;
  }

  std::uint32_t type_;
  std::string text_, media_type_, uri_, name_, extra_;
  Bytes bytes_;
};

}  // namespace toolrack
