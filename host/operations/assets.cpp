/// Assets of the caller's account: list, describe, delete, and upload from base64 or a URL.
#include <fmt/format.h>

#include "base/encoding.hpp"
#include "base/json.hpp"
#include "operations/services.hpp"
#include "operations/table.hpp"
#include "operations/upload.hpp"
#include "services/assets/asset_links.hpp"
#include "services/assets/assets.hpp"
#include "services/assets/fetch.hpp"

namespace toolrack::operations {
namespace {

using base::ErrorCode;
using base::fail;
using base::json::find_string;
using base::json::Writer;
using services::assets::Asset;

constexpr std::size_t kDefaultPage = 100;

base::Result<AssetServices*> available(Services& services) {
  if (services.assets == nullptr) return fail(ErrorCode::kUnavailable, "this gateway keeps no assets");
  return services.assets;
}

void write(Writer& writer, const AssetServices& services, const Asset& asset) {
  services::assets::write_members(writer, asset);
  base::json::key(writer, "url");
  base::json::put(writer, services.links.link(asset));
}

Answer answer(const AssetServices& services, const Asset& asset, int status) {
  base::json::Buffer buffer;
  Writer writer(buffer);
  writer.StartObject();
  write(writer, services, asset);
  writer.EndObject();
  return {.json = std::string(base::json::view(buffer)), .http_status = status};
}

base::Result<Answer> list_assets(Services& all, const Context& context) {
  auto& services = *TRY(available(all));
  const auto limit =
      static_cast<std::size_t>(base::json::find_int(context.input, "limit").value_or(std::int64_t{kDefaultPage}));
  const auto found =
      TRY(services.assets.list(context.principal->account, find_string(context.input, "after").value_or(""), limit));
  base::json::Buffer buffer;
  Writer writer(buffer);
  writer.StartObject();
  base::json::key(writer, "assets");
  writer.StartArray();
  for (const auto& asset : found) {
    writer.StartObject();
    write(writer, services, asset);
    writer.EndObject();
  }
  writer.EndArray();
  base::json::key(writer, "bytes_kept");
  writer.Uint64(TRY(services.assets.used(context.principal->account)));
  writer.EndObject();
  return Answer{.json = std::string(base::json::view(buffer))};
}

base::Result<Answer> get_asset(Services& all, const Context& context) {
  auto& services = *TRY(available(all));
  const auto asset = TRY(services.assets.find(context.principal->account, *find_string(context.input, "id")));
  return answer(services, asset, 200);
}

base::Result<Answer> delete_asset(Services& all, const Context& context) {
  auto& services = *TRY(available(all));
  const auto id = *find_string(context.input, "id");
  TRY(services.assets.remove(context.principal->account, id));
  return Answer{.json = fmt::format(R"({{"id":{},"deleted":true}})", base::json::quote(id))};
}

base::Result<Answer> upload_media(Services& all, const Context& context) {
  auto& services = *TRY(available(all));
  const auto url = find_string(context.input, "url");
  const auto base64 = find_string(context.input, "base64");
  const services::assets::Assets::New what{.account = context.principal->account,
                                           .name = find_string(context.input, "name").value_or(""),
                                           .media_type = find_string(context.input, "media_type").value_or(""),
                                           .max_bytes = kMaxUploadBytes};
  if (url.has_value() == base64.has_value())
    return fail(ErrorCode::kInvalidRequest, "give either \"url\" or \"base64\"",
                "A file itself goes into the body of POST /v1/assets, with its own Content-Type.");
  if (url) return answer(services, TRY(services.fetch(what, std::string(*url))), 201);
  const auto bytes = TRY(base::from_base64(*base64));
  const auto writer = TRY(services.assets.create(what));
  TRY(writer->append(bytes));
  return answer(services, TRY(writer->close()), 201);
}

constexpr std::string_view kAssetByIdSchema = R"({"type":"object","properties":{
"id":{"type":"string","minLength":1,"maxLength":64,"description":"The asset's id."}},
"required":["id"],"additionalProperties":false})";

}  // namespace

std::vector<Operation> asset_operations() {
  return {
      {.name = "upload_media",
       .aliases = {"file_write"},
       .method = "POST",
       .path = "/v1/assets",
       .cli = "assets upload",
       .cli_positional = "url",
       .scope = accounts::Scope::kToolsCall,
       .meta_tool = true,
       .kind = Kind::kTransfers,
       .title = "Upload a file",
       .description = "Keeps a file of at most 50 MiB, from a URL or base64, and returns an id that skills take as "
                      "input. Over REST the file itself may be the body, with its own Content-Type.",
       .input_schema = R"({"type":"object","properties":{
"url":{"type":"string","minLength":1,"maxLength":4096,"description":"Where the file is; fetched now."},
"base64":{"type":"string","description":"The file itself, for small ones."},
"name":{"type":"string","maxLength":200,"description":"A file name for people."},
"media_type":{"type":"string","maxLength":100,"description":"Such as image/png; the URL's answer says it unless told."}},
"additionalProperties":false})",
       .annotations = R"({"readOnlyHint":false,"destructiveHint":false,"openWorldHint":true})",
       .run = upload_media},
      {.name = "list_assets",
       .aliases = {"file_list"},
       .method = "GET",
       .path = "/v1/assets",
       .cli = "assets list",
       .scope = accounts::Scope::kToolsRead,
       .meta_tool = true,
       .kind = Kind::kWaits,
       .title = "List assets",
       .description = "Files that skills produced or the account uploaded, with a link to each that works for an hour.",
       .input_schema = R"({"type":"object","properties":{
"after":{"type":"string","maxLength":64,"description":"The last id of the page before."},
"limit":{"type":"integer","minimum":1,"maximum":1000,"description":"At most so many; 100 unless told."}},
"additionalProperties":false})",
       .run = list_assets},
      {.name = "get_asset",
       .aliases = {"file_read"},
       .method = "GET",
       .path = "/v1/assets/:id/info",
       .cli = "assets show",
       .cli_positional = "id",
       .scope = accounts::Scope::kToolsRead,
       .meta_tool = true,
       .kind = Kind::kWaits,
       .title = "Show an asset",
       .description = "What is known of a file, with a new link to it. The bytes are at GET /v1/assets/<id>.",
       .input_schema = kAssetByIdSchema,
       .run = get_asset},
      {.name = "delete_asset",
       .aliases = {"file_delete"},
       .method = "DELETE",
       .path = "/v1/assets/:id",
       .cli = "assets delete",
       .cli_positional = "id",
       .scope = accounts::Scope::kToolsCall,
       .meta_tool = true,
       .kind = Kind::kWaits,
       .title = "Delete an asset",
       .description = "Deletes a file for good; links to it stop working.",
       .input_schema = kAssetByIdSchema,
       .annotations = R"({"readOnlyHint":false,"destructiveHint":true,"idempotentHint":true,"openWorldHint":false})",
       .run = delete_asset},
  };
}

}  // namespace toolrack::operations
