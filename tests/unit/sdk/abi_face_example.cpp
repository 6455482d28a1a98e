/// The two skills that the C++ face was designed around; abi_face_test.cpp runs them through the C entry.
#include <toolrack/plugin.hpp>

namespace tr = toolrack;

class Examples final : public tr::Plugin {
 public:
  explicit Examples(const tr::Host& host) : Plugin(host) {
    skill<&Examples::generate_voice>("generate_voice");
    skill<&Examples::book>("book");
  }

 private:
  // One run per attempt: the host chose the backend, resolves the path, adds the credential, tries the next one.
  tr::Task generate_voice(tr::Call call) {
    const bool openai = tr::view(call.backend().provider) == "openai";
    tr::HttpRequest request("POST", openai ? "/v1/audio/speech" : "/v1/text-to-speech/rachel");
    request.body(std::string(call.input())).to_asset("speech.mp3");  // 20 MB never pass through the plugin.
    const tr::Reply audio = co_await call.http(request);
    if (!audio.ok()) co_return tr::Reply::provider(audio);  // Keeps retry_after; perhaps sent = no other backend.
    call.meter("character", static_cast<std::int64_t>(call.input().size()));
    co_return tr::Reply::json("{\"audio\":" + audio.body() + "}");
  }

  // Runs again from the top once the answer is there (stateless wire), or simply goes on (session).
  tr::Task book(tr::Call call) {
    tr::Reply seat = co_await call.once_begin("seat");
    if (!seat.ok()) co_return seat;  // Began in a run that was lost: nobody knows, do not guess.
    if (!tr::stored(seat)) {
      const tr::HttpRequest reserve = tr::HttpRequest("POST", "/reserve").provider("airline");
      seat = co_await call.http(reserve);
      co_await call.once_end("seat", seat);  // Kept when ok; else the step may be tried again.
      if (!seat.ok()) co_return tr::Reply::provider(seat);
    }
    const tr::Reply answer =
        co_await call.ask_form("confirm", "Take seat " + seat.body() + "?", R"({"type":"object"})");
    if (!answer.ok()) co_return answer;  // Declined, dismissed, or a client that cannot be asked.
    co_return tr::Reply::json("{\"seat\":\"" + seat.body() + "\"}");
  }
};

TOOLRACK_PLUGIN(Examples)
