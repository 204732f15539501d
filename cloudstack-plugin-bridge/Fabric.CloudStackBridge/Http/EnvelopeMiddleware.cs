using Fabric.Sqlite;

namespace Fabric.CloudStackBridge.Http;

/// <summary>Sees to it that whatever happens to a request, the answer has the frame that the contract wants.</summary>
public sealed partial class EnvelopeMiddleware(RequestDelegate next, ILogger<EnvelopeMiddleware> log)
{
    /// <summary>Handles a request.</summary>
    public async Task InvokeAsync(HttpContext context)
    {
        context.Request.Path = Tidy(context.Request.Path);
        try
        {
            await next(context);
            if (!context.Response.HasStarted && context.Response.StatusCode is var status and (404 or 405))
            {
                await Envelope.FailAsync(context, status, status == 404 ? "there is no such endpoint" : "this endpoint has no such method");
            }
        }
        catch (NetrisException e) when (!context.Response.HasStarted)
        {
            if (e.Status >= 500)
            {
                Log.Failed(log, context.Request.Method, context.Request.Path, e.Message);
            }

            await Envelope.FailAsync(context, e.Status, e.Message, e.Errors);
        }
        catch (BadHttpRequestException e) when (!context.Response.HasStarted)
        {
            await Envelope.FailAsync(context, e.StatusCode == 413 ? 413 : 400, e.StatusCode == 413 ? "the body is too large" : "the request cannot be read");
        }
        catch (StoreException e) when (!context.Response.HasStarted)
        {
            Log.Failed(log, context.Request.Method, context.Request.Path, e.Message);
            await Envelope.FailAsync(context, 500, e.Message);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // Nobody is there to be told.
        }
        catch (Exception e) when (!context.Response.HasStarted)
        {
            Log.Unexpected(log, e, context.Request.Method, context.Request.Path);
            await Envelope.FailAsync(context, 500, $"internal error; the log has it under {context.TraceIdentifier}");
        }
    }

    /// <summary>Doubled slashes are one, and one at the end is none.</summary>
    internal static PathString Tidy(PathString path)
    {
        if (path.Value is not { Length: > 1 } text || !(text.Contains("//", StringComparison.Ordinal) || text[^1] == '/'))
        {
            return path;
        }

        return new PathString("/" + string.Join('/', text.Split('/', StringSplitOptions.RemoveEmptyEntries)));
    }

    private static partial class Log
    {
        [LoggerMessage(EventId = 3001, Level = LogLevel.Error, Message = "{Method} {Path} failed: {Reason}")]
        public static partial void Failed(ILogger logger, string method, string path, string reason);

        [LoggerMessage(EventId = 3002, Level = LogLevel.Error, Message = "{Method} {Path} failed")]
        public static partial void Unexpected(ILogger logger, Exception error, string method, string path);
    }
}
