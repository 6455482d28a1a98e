/// The bridge itself: bridge.cpp takes lines and runs transfers, answers.cpp says what becomes of each, news.cpp hears
/// what nobody asked for. Internal to stdio/.
#pragma once

#include <curl/curl.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "transports/stdio/bridge.hpp"
#include "transports/stdio/line_input.hpp"
#include "transports/stdio/line_output.hpp"
#include "transports/stdio/param_cache.hpp"
#include "transports/stdio/session_memory.hpp"
#include "transports/stdio/transfer.hpp"

namespace toolrack::stdio {

class Bridge::Impl final : public TransferSink {
 public:
  Impl(int in_fd, int out_fd, Endpoint endpoint, Elect elect, std::chrono::milliseconds farewell)
      : input_(in_fd), output_(out_fd), elect_(std::move(elect)), farewell_(farewell), multi_(curl_multi_init()) {
    use(std::move(endpoint));
  }

  int run();

 private:
  struct CloseMulti {
    void operator()(CURLM* multi) const noexcept { curl_multi_cleanup(multi); }
  };

  static constexpr std::size_t kMaxInFlight = 512;

  // Input.
  bool is_taking() const {
    return holds_ == 0 && !is_reopening_ && !output_.is_full() && transfers_.size() < kMaxInFlight;
  }
  void take_lines();
  void take(LineInput::Line line);
  void cancel(Outbound notification);

  // Requests.
  void forward(Outbound request);
  void send(std::unique_ptr<Transfer> transfer);
  void turn();
  void wait(const std::optional<std::chrono::steady_clock::time_point>& end);
  void let_streams_go_on();
  void use(Endpoint endpoint);
  std::optional<std::string> elect(std::uint64_t failed_generation);

  // Answers.
  void on_event(Transfer& transfer, std::string_view json) override;
  bool is_full() const override { return output_.is_full(); }
  void on_ended(std::unique_ptr<Transfer> transfer, CURLcode code);
  void on_lost(std::unique_ptr<Transfer> transfer, CURLcode code);
  void on_success(std::unique_ptr<Transfer> transfer);
  void on_refusal(std::unique_ptr<Transfer> transfer);
  void fail_as_lost(Transfer& transfer, const std::string& why);

  // A stream that ends before its answer, of a gateway that holds no connection for so long.
  void go_on_later(std::unique_ptr<Transfer> transfer);
  void ask_what_follows();
  void deliver(Transfer& transfer, std::string_view json);
  void fail(Transfer& transfer, const std::string& why);

  // A session that the gateway does not know any more.
  void reopen(std::unique_ptr<Transfer> transfer);
  void on_reopening(std::unique_ptr<Transfer> transfer, CURLcode code);
  void end_reopening(const std::string& failure);

  // What nobody asked for, in a legacy session.
  void listen_for_news();
  void on_news_ended(std::unique_ptr<Transfer> transfer, CURLcode code);

  std::string where() const { return endpoint_.socket_path.empty() ? endpoint_.url : endpoint_.socket_path; }
  bool is_remote() const { return endpoint_.socket_path.empty(); }

  LineInput input_;
  LineOutput output_;
  const Elect elect_;
  const std::chrono::milliseconds farewell_;
  Endpoint endpoint_;
  std::uint64_t generation_ = 0;  // Grows with each endpoint.
  std::string election_failure_;
  std::chrono::steady_clock::time_point election_failed_{};

  SessionMemory session_;
  ParamCache params_;
  int holds_ = 0;  // Messages that later lines wait for.
  bool is_reopening_ = false;
  bool hears_news_ = false;                                        // The stream for them is open, or on its way.
  std::optional<std::chrono::steady_clock::time_point> news_due_;  // When it is to be opened again.
  std::chrono::milliseconds news_pause_{0};
  std::vector<std::unique_ptr<Transfer>> waiting_;  // For a session that is being opened again.

  std::unique_ptr<CURLM, CloseMulti> multi_;  // Outlives the transfers.
  std::unordered_map<Transfer*, std::unique_ptr<Transfer>> transfers_;
};

}  // namespace toolrack::stdio
