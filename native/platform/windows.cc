#define WIN32_LEAN_AND_MEAN
#define NOMINMAX
#include <windows.h>
// Needs windows.h.
#include <delayimp.h>

#include <new>
#include <stdexcept>
#include <system_error>

#include "platform/shared.h"

// This file's address in memory, and what is imported from libnode.a (CMakeLists.txt): the linker has them.
extern "C" IMAGE_DOS_HEADER __ImageBase;
extern "C" const ImgDelayDescr __DELAY_IMPORT_DESCRIPTOR_libnode_a;

namespace iabn::platform {
namespace {

// Node and the rest of the addon have text in UTF-8. The system's functions for `char` have its code page.
std::wstring utf16(const std::string& text) {
  const int bytes = static_cast<int>(text.size());
  std::wstring wide(MultiByteToWideChar(CP_UTF8, 0, text.data(), bytes, nullptr, 0), L'\0');
  MultiByteToWideChar(CP_UTF8, 0, text.data(), bytes, wide.data(), static_cast<int>(wide.size()));
  return wide;
}

std::string utf8(const std::wstring& wide) {
  const int length = static_cast<int>(wide.size());
  std::string text(WideCharToMultiByte(CP_UTF8, 0, wide.data(), length, nullptr, 0, nullptr, nullptr), '\0');
  WideCharToMultiByte(CP_UTF8, 0, wide.data(), length, text.data(), static_cast<int>(text.size()), nullptr,
                      nullptr);
  return text;
}

void CALLBACK end_with_parent(void*, BOOLEAN) { exit_now(1); }

// Threads that nobody waits for may run its code after Node is done with it.
HMODULE stay_loaded() {
  HMODULE addon = nullptr;
  GetModuleHandleExA(GET_MODULE_HANDLE_EX_FLAG_PIN | GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS,
                     reinterpret_cast<const char*>(&stay_loaded), &addon);
  return addon;
}
const HMODULE loaded = stay_loaded();

template <class T>
T* at_offset(DWORD offset) {
  return reinterpret_cast<T*>(reinterpret_cast<char*>(&__ImageBase) + offset);
}

// Fills in the addresses of Node-API's functions, which a library or the program itself has: node.exe under
// any name, Electron, Bun or Deno. The C library would do so at each function's first call, but loses that
// call's floating-point arguments.
bool bind_node_api() {
  const auto& imports = __DELAY_IMPORT_DESCRIPTOR_libnode_a;
  const HMODULE library = GetModuleHandleA("libnode.dll");
  const HMODULE host = library ? library : GetModuleHandleA(nullptr);
  auto* address = at_offset<IMAGE_THUNK_DATA>(imports.rvaIAT);
  auto* name = at_offset<const IMAGE_THUNK_DATA>(imports.rvaINT);
  for (; name->u1.AddressOfData != 0; ++name, ++address) {
    const auto* by_name = at_offset<IMAGE_IMPORT_BY_NAME>(static_cast<DWORD>(name->u1.AddressOfData));
    const auto function = GetProcAddress(host, reinterpret_cast<const char*>(by_name->Name));
    if (function) address->u1.Function = reinterpret_cast<ULONGLONG>(function);
  }
  return true;
}
const bool bound = bind_node_api();

bool process_ends() {
  using Ends = BOOLEAN(WINAPI*)();
  static const auto ends = reinterpret_cast<Ends>(
      reinterpret_cast<void*>(GetProcAddress(GetModuleHandleA("ntdll.dll"), "RtlDllShutdownInProgress")));
  return ends && ends();
}

}  // namespace

size_t page_bytes() {
  SYSTEM_INFO info;
  GetSystemInfo(&info);
  return info.dwPageSize;
}

void* map_pages(size_t bytes) {
  return VirtualAlloc(nullptr, bytes, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
}

void unmap_pages(void* data, size_t) { VirtualFree(data, 0, MEM_RELEASE); }

void clear_pages(void* data, size_t bytes) {
  VirtualFree(data, bytes, MEM_DECOMMIT);
  if (!VirtualAlloc(data, bytes, MEM_COMMIT, PAGE_READWRITE)) throw std::bad_alloc();
}

// Memory for it is promised by map_pages().
bool populate_pages(uint8_t* data, size_t length) {
  touch_pages(data, length);
  return true;
}

uint64_t physical_bytes() {
  MEMORYSTATUSEX status = {};
  status.dwLength = sizeof status;
  GlobalMemoryStatusEx(&status);
  return status.ullTotalPhys;
}

std::string processor_name() {
  char name[256] = "";
  DWORD bytes = sizeof name;
  const LSTATUS status =
      RegGetValueA(HKEY_LOCAL_MACHINE, "HARDWARE\\DESCRIPTION\\System\\CentralProcessor\\0",
                   "ProcessorNameString", RRF_RT_REG_SZ, nullptr, name, &bytes);
  return status == ERROR_SUCCESS ? name : "unknown";
}

int processors() { return counted_processors(); }

// The C library has a copy from the start of the process.
std::optional<std::string> variable(const char* name) {
  const std::wstring wide = utf16(name);
  std::wstring value(GetEnvironmentVariableW(wide.c_str(), nullptr, 0), L'\0');
  if (value.empty()) return std::nullopt;
  value.resize(GetEnvironmentVariableW(wide.c_str(), value.data(), static_cast<DWORD>(value.size())));
  return utf8(value);
}

// A thread that ends holds the loader's lock, which others need to end.
Parting parting_from_threads() { return process_ends() ? Parting::none : Parting::leave; }

// Windows has no fork.
void at_fork(void (*)()) {}

bool die_with_parent(size_t parent) {
  const HANDLE process = OpenProcess(SYNCHRONIZE, FALSE, static_cast<DWORD>(parent));
  if (!process) return false;
  HANDLE wait;
  RegisterWaitForSingleObject(&wait, process, end_with_parent, nullptr, INFINITE, WT_EXECUTEONLYONCE);
  return true;
}

// ExitProcess would wait for libraries that end with it.
void exit_now(int code) {
  TerminateProcess(GetCurrentProcess(), static_cast<UINT>(code));
  __builtin_unreachable();
}

void* open_library(const std::string& path, const std::string& what) {
  const HMODULE library = LoadLibraryW(utf16(path).c_str());
  if (library) return library;
  const std::string reason = std::system_category().message(static_cast<int>(GetLastError()));
  throw std::runtime_error(what + " cannot be loaded: " + reason);
}

void* symbol_of(void* library, const char* name) {
  return reinterpret_cast<void*>(GetProcAddress(static_cast<HMODULE>(library), name));
}

}  // namespace iabn::platform
