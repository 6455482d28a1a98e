/// The pages of tests/data/seo: each folder holds page.html, as served, and meta.json with how it is served and what is
/// to be found.
#pragma once

#include "analysis/analysis.hpp"

#include <rapidjson/document.h>

#include <memory>
#include <string>
#include <vector>

namespace toolrack::seo::testing {

struct CorpusCase {
  std::string name;
  std::string body;  ///< With its repeats written out.
  std::shared_ptr<rapidjson::Document> meta;
};

/// In the order of their names. Throws when the corpus cannot be read.
std::vector<CorpusCase> read_corpus();
CorpusCase read_case(const std::string& name);

std::string text_of(const rapidjson::Value& value, const char* name, const std::string& fallback = {});
std::vector<std::string> texts_of(const rapidjson::Value& value, const char* name);
Properties headers_of(const CorpusCase& test);

/// What fetch() would have brought, and the verdict of the case's robots.txt.
Fetched fetched_of(const CorpusCase& test);
RobotsReport robots_of(const CorpusCase& test);

}  // namespace toolrack::seo::testing
