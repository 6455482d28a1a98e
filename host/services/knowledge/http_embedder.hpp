/// An OpenAI-compatible endpoint: POST {model, input, dimensions?}, answered with {data: [{index, embedding}]}.
#pragma once

#include <atomic>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/loop.hpp"
#include "services/http/client.hpp"
#include "services/knowledge/embedder.hpp"
#include "services/providers/provider_states.hpp"

namespace toolrack::services::knowledge {

struct EmbeddingSettings {
  std::string url;  ///< Whole: "https://api.openai.com/v1/embeddings".
  std::string model;
  std::string credential;      ///< Whose secret goes into the Authorization header; empty: none.
  std::size_t dimensions = 0;  ///< Asked for; 0: the model's own.
  bool operator==(const EmbeddingSettings&) const = default;
};

class HttpEmbedder final : public Embedder {
 public:
  /// All outlive it, but loops and clients need not take anything after `close`.
  struct Dependencies {
    base::Loops& loops;
    std::vector<http::Client*> clients;  ///< By loop index.
    providers::ProviderState& state;     ///< Its breaker keeps us from asking.
    const base::Clock& clock;
  };
  HttpEmbedder(EmbeddingSettings settings, std::string secret, Dependencies dependencies);

  base::Result<std::vector<Vector>> embed(std::span<const std::string> texts,
                                          std::chrono::milliseconds timeout) override;
  const std::string& space() const noexcept override { return space_; }
  /// Ends what waits, soon, and whatever comes later at once, with kCancelled.
  void close() noexcept { is_closed_.store(true); }

  /// What an answer says. kProviderError when it is not one vector for each of `count` texts.
  static base::Result<std::vector<Vector>> read(std::string_view body, std::size_t count, std::size_t dimensions);

 private:
  http::Outcome exchange(http::Request request);

  const EmbeddingSettings settings_;
  const std::string secret_, space_;
  const Dependencies dependencies_;
  std::atomic<bool> is_closed_{false};
};

}  // namespace toolrack::services::knowledge
