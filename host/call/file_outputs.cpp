#include "call/file_outputs.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

#include "base/json.hpp"
#include "services/assets/media_type_of.hpp"
#include "services/files/descriptor.hpp"

namespace toolrack::call {
namespace {

namespace json = base::json;
using base::ErrorCode;
using base::Result;
using services::assets::Asset;

constexpr std::string_view kSuffix = "_path";

registry::Part link_to(const Asset& asset, const services::assets::AssetLinks& links) {
  registry::Part part;
  part.type = registry::Part::Type::kLink;
  part.uri = links.link(asset);
  part.name = asset.name.empty() ? asset.id : asset.name;
  part.media_type = asset.media_type;
  part.extra_json = fmt::format(R"({{"size":{}}})", asset.bytes);
  return part;
}

/// One output on its way from names to links.
class Rewriting {
 public:
  Rewriting(const FileOutputs& to, registry::CallFiles* files, std::string_view account, const ContentLimits* content,
            json::Document& document)
      : to_(to), files_(files), account_(account), content_(content), memory_(document.GetAllocator()) {}

  std::vector<registry::Part> take_parts() { return std::move(parts_); }

  Result<void> rewrite(json::Value& value) {
    if (value.IsArray()) {
      for (auto& element : value.GetArray()) TRY(rewrite(element));
      return {};
    }
    if (!value.IsObject()) return {};
    std::vector<std::string> names;
    for (auto& member : value.GetObject()) {
      if (holds_files(member.name, member.value))
        names.emplace_back(json::view(member.name));
      else
        TRY(rewrite(member.value));
    }
    for (const auto& name : names) TRY(replace(value, name));
    return {};
  }

 private:
  static bool holds_files(const json::Value& name, const json::Value& value) {
    const auto text = json::view(name);
    if (text.size() <= kSuffix.size() || !text.ends_with(kSuffix)) return false;
    if (value.IsString()) return true;
    if (!value.IsArray() || value.Empty()) return false;
    for (const auto& element : value.GetArray())
      if (!element.IsString()) return false;
    return true;
  }

  Result<void> replace(json::Value& object, const std::string& name) {
    const auto stem = name.substr(0, name.size() - kSuffix.size());
    auto& paths = object[name.c_str()];
    json::Value urls, assets;
    if (paths.IsString()) {
      const auto asset = TRY(store(json::view(paths)));
      urls = text(to_.links.link(asset));
      assets = describe(asset);
    } else {
      urls.SetArray();
      assets.SetArray();
      for (const auto& path : paths.GetArray()) {
        const auto asset = TRY(store(json::view(path)));
        urls.PushBack(text(to_.links.link(asset)), memory_);
        assets.PushBack(describe(asset), memory_);
      }
    }
    object.RemoveMember(name.c_str());
    put(object, stem + "_url", std::move(urls));
    put(object, stem + "_asset", std::move(assets));
    return {};
  }

  Result<Asset> store(std::string_view path) {
    if (files_ == nullptr)
      return tl::unexpected(
          base::Error(ErrorCode::kInvalidOutput,
                      fmt::format("the file \"{}\" is not in the call's own directory: the skill asked for none", path),
                      "A skill's files are regular files in the directory that the host gives the call.")
              .with_name("file_refused"));
    const services::files::Descriptor file(TRY(files_->open_file(path)));
    const auto writer = TRY(
        to_.assets.create({.account = account_, .name = path, .media_type = services::assets::media_type_of(path)}));
    std::vector<char> piece(kPiece);
    std::string whole;  // Of a file that may stand in the answer, while it is small enough.
    const bool may_stand_there =
        content_ != nullptr && media_kind(services::assets::media_type_of(path)) && inlined_ < kFullSized;
    const auto limit = may_stand_there ? content_->media_bytes : 0;
    for (;;) {
      const auto got = ::read(file.get(), piece.data(), piece.size());
      if (got < 0 && errno == EINTR) continue;
      if (got < 0)
        return base::fail(ErrorCode::kStoreFailed, fmt::format("the file \"{}\" cannot be read: {}", path,
                                                               std::generic_category().message(errno)));
      if (got == 0) break;
      const std::string_view read(piece.data(), static_cast<std::size_t>(got));
      TRY(writer->append(read));
      if (writer->bytes() <= limit) whole += read;
    }
    auto asset = TRY(writer->close());
    if (content_ != nullptr) add_part(asset, std::move(whole));
    return asset;
  }

  /// What may stand in an answer by itself: what models see and hear.
  static std::optional<registry::Part::Type> media_kind(std::string_view type) {
    // A picture that is a document: whoever shows it may run what is in it.
    if (type.starts_with("image/svg")) return std::nullopt;
    if (type.starts_with("image/")) return registry::Part::Type::kImage;
    if (type.starts_with("audio/")) return registry::Part::Type::kAudio;
    return std::nullopt;
  }

  void add_part(const Asset& asset, std::string whole) {
    auto& part = parts_.emplace_back(link_to(asset, to_.links));
    if (asset.bytes == 0 || whole.size() != asset.bytes) return;
    part.type = media_kind(asset.media_type).value_or(part.type);
    ++inlined_;
    part.bytes = std::move(whole);
    part.extra_json.clear();
  }

  json::Value text(std::string_view from) {
    return json::Value(from.data(), static_cast<rapidjson::SizeType>(from.size()), memory_);
  }
  void put(json::Value& object, std::string_view name, json::Value value) {
    object.RemoveMember(text(name));  // One that the skill wrote itself would be there twice.
    object.AddMember(text(name), std::move(value), memory_);
  }
  json::Value describe(const Asset& asset) {
    json::Value out(rapidjson::kObjectType);
    put(out, "id", text(asset.id));
    put(out, "media_type", text(asset.media_type));
    put(out, "bytes", json::Value(asset.bytes));
    put(out, "sha256", text(asset.sha256));
    put(out, "expires", text(base::to_rfc3339(asset.expires_ns).text));
    return out;
  }

  static constexpr std::size_t kPiece = 256 << 10;
  static constexpr std::size_t kFullSized = 8;  ///< So many stand in one answer themselves.
  const FileOutputs& to_;
  registry::CallFiles* const files_;
  const std::string_view account_;
  const ContentLimits* const content_;
  std::vector<registry::Part> parts_;
  std::size_t inlined_ = 0;
  json::Document::AllocatorType& memory_;
};

}  // namespace

Result<FileOutputs::Stored> FileOutputs::store(std::string_view output_json, registry::CallFiles* files,
                                               std::string_view account, const ContentLimits* content) const {
  auto document = TRY(json::parse(output_json, {.max_bytes = 64 << 20, .max_values = 10'000'000}));
  Rewriting rewriting(*this, files, account, content, document);
  TRY(rewriting.rewrite(document));
  return Stored{.output = json::dump(document), .files = rewriting.take_parts()};
}

Result<registry::Part> FileOutputs::keep(const services::assets::Assets::New& what, std::string_view bytes) const {
  const auto writer = TRY(assets.create(what));
  TRY(writer->append(bytes));
  return link_to(TRY(writer->close()), links);
}

}  // namespace toolrack::call
