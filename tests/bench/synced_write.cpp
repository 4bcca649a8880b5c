// What one bare synced write costs here: the floor under any durable answer.
// usage: synced_write FILE [BYTES [COUNT]]; prints {"p50_us", "p99_us", "mean_us"}.
#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <vector>

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: synced_write FILE [BYTES [COUNT]]\n");
    return 2;
  }
  const std::size_t bytes = argc > 2 ? std::strtoul(argv[2], nullptr, 10) : 400;
  const std::size_t count = argc > 3 ? std::strtoul(argv[3], nullptr, 10) : 20'000;
  const int file = ::open(argv[1], O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
  if (file < 0) {
    std::perror(argv[1]);
    return 1;
  }
  // Written before it is timed, as the log's segments are: a commit then changes no metadata.
  const std::vector<char> zeros(1 << 20, 0);
  for (std::size_t written = 0; written < bytes * count; written += zeros.size()) {
    if (::write(file, zeros.data(), zeros.size()) < 0) {
      std::perror("write");
      return 1;
    }
  }
  ::fsync(file);

  std::vector<char> record(bytes, 'r');
  std::vector<double> microseconds;
  microseconds.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    const iovec part{record.data(), record.size()};
    const auto before = std::chrono::steady_clock::now();
    if (::pwritev2(file, &part, 1, static_cast<off_t>(i * bytes), RWF_DSYNC) !=
        static_cast<ssize_t>(bytes)) {
      std::perror("pwritev2");
      return 1;
    }
    const std::chrono::duration<double, std::micro> took =
        std::chrono::steady_clock::now() - before;
    microseconds.push_back(took.count());
  }
  ::close(file);
  ::unlink(argv[1]);

  double sum = 0;
  for (const double value : microseconds) {
    sum += value;
  }
  std::sort(microseconds.begin(), microseconds.end());
  std::printf("{\"p50_us\": %.1f, \"p99_us\": %.1f, \"mean_us\": %.1f}\n", microseconds[count / 2],
              microseconds[count * 99 / 100], sum / static_cast<double>(count));
  return 0;
}
