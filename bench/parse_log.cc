#include "bench/parse_log.h"

#include <array>
#include <cstdarg>
#include <cstdio>
#include <random>

namespace lockstep::bench {
namespace {

constexpr std::array kEvents = {
    "worker %d connected from 10.4.%d.17 after 3 attempts",
    "loaded shard %d of %d from /data/train/part-00017.tfrecord",
    "gradient norm clipped at step %d (rank %d)",
    "scaler: growth interval reached, new scale %d, skipped %d",
    "checkpoint-%d: 412 tensors, %d shards, written in the background",
    "prefetch queue is %d deep, %d batches behind",
    "cache hit ratio 0.%d over the last %d requests; nothing to evict",
    "using lossless compression for shard %d (level %d)",
    "DataLoader worker (pid %d) started with seed %d",
    "autotune: kernel conv2d_%d picked, %d candidates, workspace=1048576",
    "retrying upload of part %d: HTTP 503 from storage, attempt=%d",
    "GC pause of %d ms, heap at %d MiB",
};
constexpr std::array kLevels = {"INFO", "DEBUG", "WARNING"};
constexpr std::array kModules = {"trainer", "data.loader", "dist.rendezvous", "ckpt", "optim"};

class Writer {
 public:
  Writer(std::size_t bytes, bool dense) : bytes_(bytes), dense_(dense) {
    log_.text.reserve(bytes + (1 << 16));
  }

  ParseLog Write() {
    while (log_.text.size() < bytes_) {
      if (dense_ && Random(2) == 0) {
        Metrics();
        continue;
      }
      const int kind = Random(1000);
      if (kind < 40)
        Metrics();
      else if (kind < 50)
        BraceMetrics();
      else if (kind < 60)
        WordMetrics();
      else if (kind < 66)
        ProgressBar();
      else if (kind < 68)
        LongLine();
      else if (kind < 150)
        JsonLine();
      else if (kind < 170)
        Print("%s\n", std::string(72, '=').c_str());
      else
        LogLine();
    }
    return std::move(log_);
  }

 private:
  int Random(int below) { return static_cast<int>(random_() % static_cast<unsigned>(below)); }

  __attribute__((format(printf, 2, 3))) void Print(const char* format, ...) {
    char line[1024];
    va_list arguments;
    va_start(arguments, format);
    const int size = std::vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    log_.text.append(line, static_cast<std::size_t>(size));
    log_.lines += line[size - 1] == '\n' ? 1 : 0;
  }

  // As `date` has it, moving on.
  void Time(char between, const char* end) {
    now_ms_ += Random(400);
    const long s = now_ms_ / 1000;
    Print("2026-11-%02ld%c%02ld:%02ld:%02ld%s", 1 + s / 86400 % 28, between, s / 3600 % 24,
          s / 60 % 60, s % 60, end);
  }

  void LogLine() {
    Time(' ', "");
    Print(",%03d %-8s %s: ", Random(1000), kLevels[static_cast<std::size_t>(Random(3))],
          kModules[static_cast<std::size_t>(Random(5))]);
    // The formats are the table's above, two numbers each.
    const char* const event = kEvents[static_cast<std::size_t>(Random(kEvents.size()))];
    char text[256];
    std::snprintf(text, sizeof text, event, Random(10000), Random(300));
    Print("%s\n", text);
  }

  void Metrics() {
    if (Random(10) != 0) Time('T', Random(2) == 0 ? ".123456Z " : "Z ");
    Print("epoch=%d step=%d loss=%.4f accuracy=%.4f", Random(90), Random(100000),
          Random(40000) * 1e-4, Random(10000) * 1e-4);
    if (Random(2) == 0) Print(" lr=%.2e images_per_second=%d", Random(1000) * 1e-6, Random(9000));
    MetricLineEnds();
  }

  void BraceMetrics() {
    Time('T', "Z INFO     ");
    Print("{metricName: accuracy, metricValue: %.4f};{metricName: loss, metricValue: %.4f}",
          Random(10000) * 1e-4, Random(40000) * 1e-4);
    MetricLineEnds();
  }

  void WordMetrics() {
    Time('T', "Z ");
    Print("train loss : %.4f, train accuracy : %.4f", Random(40000) * 1e-4, Random(10000) * 1e-4);
    MetricLineEnds();
  }

  void MetricLineEnds() {
    Print("\n");
    ++log_.metric_lines;
  }

  // Every 20th shows the trainer's own running loss, under a name that nobody asked for.
  void ProgressBar() {
    const int epoch = Random(90);
    const bool postfix = Random(20) == 0;
    const char* const full = Random(2) == 0 ? "#" : "\xe2\x96\x88";
    for (int percent = 0; percent <= 100; percent += 2) {
      Print("\rEpoch %d: %3d%%|", epoch, percent);
      for (int i = 0; i < 25; ++i) Print("%s", i * 4 < percent ? full : " ");
      Print("| %d/100 [00:%02d<00:%02d, %d.%02dit/s", percent, percent / 4, 25 - percent / 4,
            Random(90), Random(100));
      if (postfix) Print(", train_loss=%.3f", Random(4000) * 1e-3);
      Print("]");
    }
    Print("\n");
  }

  void LongLine() {
    Time(' ', ",001 DEBUG    model: weights [");
    for (int i = 200 + Random(800); i > 0; --i) Print("%.6f, ", Random(2000000) * 1e-6 - 1);
    Print("]\n");
  }

  void JsonLine() {
    Print("{\"ts\": %ld.%03d, \"level\": \"info\", \"rank\": %d, \"event\": \"step_end\", ",
          now_ms_ / 1000, Random(1000), Random(8));
    Print("\"mem\": {\"allocated\": %d, \"reserved\": %d}, \"took_ms\": %.2f}\n", Random(1 << 30),
          Random(1 << 30), Random(90000) * 1e-2);
  }

  const std::size_t bytes_;
  const bool dense_;
  std::mt19937 random_{20261122};
  long now_ms_ = 0;
  ParseLog log_;
};

}  // namespace

ParseLog MakeParseLog(std::size_t bytes) { return Writer(bytes, false).Write(); }
ParseLog MakeDenseParseLog(std::size_t bytes) { return Writer(bytes, true).Write(); }

}  // namespace lockstep::bench
