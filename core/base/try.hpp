#pragma once
// Early return on a failed Result/Outcome inside a coroutine:
//   FERRY_CO_TRY(record, co_await storage.get(key));   // record is the value
#define FERRY_CO_TRY(name, expression) \
  auto name##_or_error = (expression); \
  if (!name##_or_error) {              \
    co_return name##_or_error.error(); \
  }                                    \
  auto& name = *name##_or_error

#define FERRY_CO_CHECK(expression)                         \
  if (auto ferry_checked = (expression); !ferry_checked) { \
    co_return ferry_checked.error();                       \
  }
