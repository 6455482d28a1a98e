#include "unit/plugins/seo/corpus.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace toolrack::seo::testing {
namespace {

namespace fs = std::filesystem;

fs::path corpus_path() { return fs::path(TOOLRACK_SOURCE_DIR) / "tests/data/seo"; }

std::string read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void write_out_repeats(const rapidjson::Value& meta, std::string& body) {
  const auto repeat = meta.FindMember("repeat");
  if (repeat == meta.MemberEnd()) return;
  const std::string marker = text_of(repeat->value, "marker");
  const std::string text = text_of(repeat->value, "text");
  std::string many;
  for (int i = 0; i < repeat->value["count"].GetInt(); ++i) many += text;
  const std::size_t at = body.find(marker);
  if (at == std::string::npos) throw std::runtime_error("the page lacks " + marker);
  body.replace(at, marker.size(), many);
}

}  // namespace

std::string text_of(const rapidjson::Value& value, const char* name, const std::string& fallback) {
  const auto member = value.FindMember(name);
  if (member == value.MemberEnd() || !member->value.IsString()) return fallback;
  return {member->value.GetString(), member->value.GetStringLength()};
}

std::vector<std::string> texts_of(const rapidjson::Value& value, const char* name) {
  std::vector<std::string> out;
  const auto member = value.FindMember(name);
  if (member == value.MemberEnd()) return out;
  for (const auto& each : member->value.GetArray()) out.emplace_back(each.GetString(), each.GetStringLength());
  return out;
}

CorpusCase read_case(const std::string& name) {
  CorpusCase out;
  out.name = name;
  out.body = read_file(corpus_path() / name / "page.html");
  out.meta = std::make_shared<rapidjson::Document>();
  const std::string meta = read_file(corpus_path() / name / "meta.json");
  out.meta->Parse(meta.data(), meta.size());
  if (out.meta->HasParseError() || !out.meta->IsObject())
    throw std::runtime_error(name + "/meta.json is no JSON object");
  write_out_repeats(*out.meta, out.body);
  return out;
}

std::vector<CorpusCase> read_corpus() {
  std::vector<CorpusCase> out;
  for (const auto& entry : fs::directory_iterator(corpus_path())) {
    if (entry.is_directory()) out.push_back(read_case(entry.path().filename().string()));
  }
  std::sort(out.begin(), out.end(), [](const CorpusCase& a, const CorpusCase& b) { return a.name < b.name; });
  return out;
}

Properties headers_of(const CorpusCase& test) {
  Properties out;
  for (const auto& header : (*test.meta)["headers"].GetObject()) {
    if (header.value.IsString()) {
      out.emplace_back(header.name.GetString(), header.value.GetString());
    } else {
      for (const auto& each : header.value.GetArray()) out.emplace_back(header.name.GetString(), each.GetString());
    }
  }
  return out;
}

Fetched fetched_of(const CorpusCase& test) {
  const rapidjson::Document& meta = *test.meta;
  Fetched out;
  out.url = text_of(meta, "url");
  out.requested_url = out.url;
  out.status = meta["status"].GetInt();
  out.headers = headers_of(test);
  out.body = test.body;
  out.is_cut = meta.HasMember("is_cut");
  const auto site = parse_url(out.url);
  if (const auto redirects = meta.FindMember("redirects"); redirects != meta.MemberEnd()) {
    for (const auto& hop : redirects->value.GetArray()) {
      out.redirects.push_back({site->origin() + hop[0].GetString(), hop[1].GetInt(), hop[2].GetString()});
    }
    out.requested_url = out.redirects.front().url;
  }
  const std::string end = text_of(meta, "redirect_end", "arrived");
  if (end == "loop") out.redirect_end = RedirectEnd::kLoop;
  if (end == "no_target") {
    // The last response is the redirect itself, which leads nowhere.
    out.redirect_end = RedirectEnd::kNoTarget;
    out.url = out.redirects.back().url;
    out.headers = {{"location", out.redirects.back().location}};
    out.redirects.pop_back();
  }
  return out;
}

RobotsReport robots_of(const CorpusCase& test) {
  const auto robots = test.meta->FindMember("robots_txt");
  RobotsReport out;
  if (robots == test.meta->MemberEnd()) {
    out.product_token = "googlebot";
    return out;
  }
  const auto url = parse_url(text_of(*test.meta, "url"));
  return judge_robots(url->origin() + "/robots.txt", robots->value["status"].GetInt(), text_of(robots->value, "body"),
                      {}, "googlebot", *url);
}

}  // namespace toolrack::seo::testing
